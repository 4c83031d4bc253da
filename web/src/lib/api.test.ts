import { describe, expect, test } from 'vitest';
import { createApi, routeUrl } from './api.ts';
import { ApiError, errorText } from './api-error.ts';
import { safePath } from './auth.ts';

interface Sent {
  url: string;
  method: string;
  authorization: string | null;
  body: string | null;
}

/** An API client whose server answers with `replies`, one after the other, and what was sent to it. */
function client(...replies: (() => Response)[]) {
  const sent: Sent[] = [];
  let renewals = 0;
  const api = createApi({
    fetch: (url, init) => {
      sent.push({
        url: url instanceof Request ? url.url : url.toString(),
        method: init?.method ?? 'GET',
        authorization: new Headers(init?.headers).get('authorization'),
        body: typeof init?.body === 'string' ? init.body : null,
      });
      const reply = replies.shift();
      return reply ? Promise.resolve().then(reply) : Promise.reject(new TypeError('network'));
    },
    auth: { getToken: (options) => Promise.resolve(options?.fresh ? `fresh${String(++renewals)}` : 'first') },
  });
  return { api, sent };
}

const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), { status });
const id = 'a'.repeat(24);

describe('an API call', () => {
  test('fills the path, sends the token and the body', async () => {
    const { api, sent } = client(json({ ok: 1 }));
    await api('putMe', { body: { name: 'Ada' } });
    expect(sent).toEqual([{ url: '/api/me', method: 'PUT', authorization: 'Bearer first', body: '{"name":"Ada"}' }]);
  });

  test('of a public route carries no token', async () => {
    const { api, sent } = client(json({}));
    await api('config');
    expect(sent[0]?.authorization).toBeNull();
  });

  test('is repeated once with a renewed token after a 401', async () => {
    const { api, sent } = client(json({ code: 'token_expired', message: 'expired' }, 401), json({ id }));
    await expect(api('getInterview', { params: { id } })).resolves.toEqual({ id });
    expect(sent.map((call) => call.authorization)).toEqual(['Bearer first', 'Bearer fresh1']);
  });

  test('gives up after the second 401', async () => {
    const expired = json({ code: 'token_expired', message: 'expired' }, 401);
    const { api, sent } = client(expired, expired, json({}));
    await expect(api('getMe')).rejects.toMatchObject({ code: 'token_expired' });
    expect(sent).toHaveLength(2);
  });

  test('turns problem details into a typed error', async () => {
    const { api } = client(json({ code: 'bad_request', message: 'Too long', field: 'title', status: 400 }, 400));
    await expect(api('listInterviews')).rejects.toMatchObject({
      name: 'ApiError',
      code: 'bad_request',
      field: 'title',
    });
  });

  test.each([
    [502, 'unavailable'],
    [404, 'not_found'],
    [418, 'bad_request'],
  ])("maps a proxy's %i to %s", async (status, code) => {
    const { api } = client(() => new Response('<html>', { status }));
    await expect(api('getMe')).rejects.toMatchObject({ code });
  });

  test('says that there is no connection', async () => {
    const { api } = client();
    const error: unknown = await api('getMe').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ApiError);
    expect(errorText(error)).toContain('cannot be reached');
  });

  test('that was aborted throws the reason of its signal', async () => {
    const { api } = client();
    const reason = new Error('left the page');
    await expect(api('getMe', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

test('addresses are encoded, and what is undefined is left out', () => {
  expect(routeUrl('/api/x/:id', { id: 'a/b' }, { cursor: undefined, limit: 2 })).toBe('/api/x/a%2Fb?limit=2');
  expect(routeUrl('/api/x')).toBe('/api/x');
});

test.each([
  ['/me?x=1', '/me?x=1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  [null, '/'],
])('after signing in %s leads to %s', (path, target) => {
  expect(safePath(path)).toBe(target);
});

test('an unexpected error shows its number and nothing else', () => {
  expect(errorText(new ApiError({ code: 'internal', message: 'stack', id: 'x1' }))).toContain('x1');
  expect(errorText(new Error('secret'))).not.toContain('secret');
});
