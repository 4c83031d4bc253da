import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import type { People } from '#server/accounts/people.ts';
import { systemClock } from '#server/clock.ts';
import { createHttp } from '#server/http/http.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { idleHandlers } from './http-idle-handlers.ts';
import { callServer, makeFolder, portOf, PUBLIC_URL, type CallOptions } from './http-harness.ts';

const PAGE = `<!doctype html><meta http-equiv="content-security-policy" content="script-src 'self' 'sha256-AbC123+/='"><title>Goodtake</title>`;
const account = { id: 'a'.repeat(24), issuer: 'i', subject: 's', email: 'ann@example.org', name: 'Ann', phone: null };

let home: Awaited<ReturnType<typeof makeFolder>>;
let app: FastifyInstance;
let port: number;
let ready = true;
const lines: string[] = [];

beforeAll(async () => {
  home = await makeFolder();
  const webRoot = join(home.folder, 'web');
  await mkdir(join(webRoot, '_app/immutable'), { recursive: true });
  await writeFile(join(webRoot, '200.html'), PAGE);
  await writeFile(join(webRoot, 'favicon.svg'), '<svg/>');
  await writeFile(join(webRoot, '_app/immutable/app.abc.js'), 'export {}');
  await writeFile(join(home.folder, 'outside.txt'), 'secret');
  const people: Pick<People, 'account' | 'person' | 'recruiter'> = {
    account: () => Promise.resolve(account),
    person: () => Promise.resolve(account),
    recruiter: () => Promise.reject(new AppError('not_recruiter', 'No.')),
  };
  app = await createHttp({
    ...{ publicUrl: PUBLIC_URL, issuerOrigin: 'https://issuer.test', trustProxy: false, webRoot },
    handlers: idleHandlers(),
    people,
    verify: (token) =>
      token === 'good'
        ? Promise.resolve({ ...account, emailVerified: true, expiresAt: Date.now() + 1000 })
        : Promise.reject(new AppError('unauthenticated', 'Please sign in.')),
    media: {
      urls: createMediaUrls({ secret: 'x'.repeat(32), ttlMs: 1000, clock: systemClock }),
      storage: createFolderStorage({ directory: join(home.folder, 'storage') }),
      replays: { open: () => Promise.resolve(null) },
    },
    checks: { database: () => (ready ? Promise.resolve() : Promise.reject(new Error('down'))) },
    mounts: [
      (request, response) => {
        if (!request.url?.startsWith('/oidc/')) return false;
        response.end('issuer');
        return true;
      },
    ],
    log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = portOf(app.server);
});

afterAll(async () => {
  await app.close();
  await home.remove();
});

const call = (method: string, path: string, options?: CallOptions) => callServer(port, method, path, options);

describe('problem details', () => {
  test.each([
    ['no token', 'GET', '/api/me', {}, 401, { code: 'unauthenticated' }],
    [
      'another scheme',
      'GET',
      '/api/me',
      { headers: { authorization: 'Basic good' } },
      401,
      { code: 'unauthenticated' },
    ],
    ['a wrong token', 'GET', '/api/me', { token: 'bad' }, 401, { code: 'unauthenticated' }],
    ['no recruiter', 'GET', '/api/interviews', { token: 'good' }, 403, { code: 'not_recruiter' }],
    ['an unknown address', 'GET', '/api/nothing', {}, 404, { code: 'not_found' }],
    ['an unknown method', 'PATCH', '/api/me', { token: 'good' }, 404, { code: 'not_found' }],
    ['an id of no kind', 'GET', '/api/my/sessions/x', { token: 'good' }, 404, { code: 'not_found', field: 'id' }],
    ['no body', 'PUT', '/api/me', { token: 'good' }, 400, { code: 'bad_request' }],
    ['broken JSON', 'PUT', '/api/me', { token: 'good', body: '{' }, 400, { code: 'bad_request' }],
    [
      'a wrong field',
      'PUT',
      '/api/me',
      { token: 'good', body: { name: '' } },
      400,
      { code: 'bad_request', field: 'name' },
    ],
    ['a foreign field', 'PUT', '/api/me', { token: 'good', body: { name: 'A', email: 'b' } }, 400, { field: 'email' }],
    ['too large', 'PUT', '/api/me', { token: 'good', body: { name: 'x'.repeat(70_000) } }, 413, { code: 'too_large' }],
    [
      'no JSON',
      'PUT',
      '/api/me',
      { token: 'good', body: 'a', headers: { 'content-type': 'text/plain' } },
      400,
      { code: 'bad_request' },
    ],
    ['a wrong limit', 'GET', '/api/my/sessions?limit=1000', { token: 'good' }, 400, { field: 'limit' }],
    ['a path that is none', 'GET', '/%zz', {}, 400, { code: 'bad_request' }],
  ])('%s', async (_title, method, path, options: CallOptions, status, body) => {
    const reply = await call(method, path, options);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.body).toMatchObject({ status, ...body });
    expect(reply.body).toHaveProperty('type', `urn:goodtake:error:${(reply.body as { code: string }).code}`);
    expect(reply.body).toHaveProperty('title');
  });

  test('of an unknown fault say its id alone; the log has the rest', async () => {
    lines.length = 0;
    const reply = await call('POST', `/api/my/sessions/${'b'.repeat(24)}/withdraw`, { token: 'good' });
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain('business');
    const { id } = reply.body as { id: string };
    const logged = lines.find((line) => line.includes(id));
    expect(logged).toContain('business');
  });
});

test('a reply holds what the contract names and nothing else', async () => {
  const reply = await call('GET', '/api/config');
  expect(reply.status).toBe(200);
  expect(reply.text).not.toContain('not of the contract');
  expect(reply.headers['cache-control']).toBe('no-store');
});

test('the log has one line a request, without slug, token and query', async () => {
  lines.length = 0;
  await call('GET', '/api/i/SecretSlug_SecretSlug', { token: 'bad' });
  await call('GET', '/media/SecretToken?x=SecretQuery');
  await call('GET', '/healthz');
  const routes = () => lines.map((line) => (JSON.parse(line) as { route: string }).route);
  // The line is written when the answer has left, which the client may see first.
  await expect.poll(routes).toEqual(['/api/i/:slug', '/media/:token']);
  expect(lines.join('')).not.toContain('Secret');
});

describe('the web application', () => {
  test.each(['/', '/i/abcdefghijklmnop', '/recruiter', '/200.html'])('its page answers %s', async (path) => {
    const reply = await call('GET', path);
    expect(reply.status).toBe(200);
    expect(reply.text).toBe(PAGE);
    expect(reply.headers['cache-control']).toBe('no-cache');
  });

  test('files are cached for ever only when their name changes with their content', async () => {
    const hashed = await call('GET', '/_app/immutable/app.abc.js');
    expect(hashed.headers['content-type']).toMatch(/javascript/);
    expect(hashed.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const plain = await call('GET', '/favicon.svg');
    expect(plain.text).toBe('<svg/>');
    expect(plain.headers['cache-control']).toBe('no-cache');
    const again = await call('GET', '/favicon.svg', { headers: { 'if-none-match': String(plain.headers.etag) } });
    expect(again.status).toBe(304);
  });

  test.each(['/_app/immutable/gone.js', '/../outside.txt', '/%2e%2e/outside.txt', '/..%2foutside.txt'])(
    '%s is no file of it',
    async (path) => {
      const reply = await call('GET', path);
      expect(reply.text).not.toContain('secret');
      if (path.startsWith('/_app')) expect(reply.status).toBe(404);
    },
  );

  test('has headers that let in its own script, camera and microphone, and nobody else', async () => {
    const { headers } = await call('GET', '/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self' 'sha256-AbC123+/='");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("connect-src 'self' ws://interviews.test https://issuer.test");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['permissions-policy']).toContain('camera=(self), microphone=(self)');
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});

describe('other names of the server', () => {
  const host = 'other.test:8080';
  test('lead to the public one', async () => {
    const reply = await call('GET', '/i/abc?x=1', { headers: { host } });
    expect(reply.status).toBe(308);
    expect(reply.headers.location).toBe(`${PUBLIC_URL}/i/abc?x=1`);
    expect((await call('GET', '/oidc/x', { headers: { host } })).status).toBe(308);
    expect((await call('GET', '//evil.test/', { headers: { host } })).headers.location).toBe(
      `${PUBLIC_URL}//evil.test/`,
    );
  });

  test('accept no changes', async () => {
    expect((await call('POST', '/api/organisations', { headers: { host } })).status).toBe(400);
  });

  test('differ neither by case nor by the default port', async () => {
    expect((await call('GET', '/', { headers: { host: 'Interviews.TEST:80' } })).status).toBe(200);
  });

  test('are fine for asking how the server is', async () => {
    expect((await call('GET', '/healthz', { headers: { host } })).status).toBe(200);
    expect((await call('GET', '/readyz', { headers: { host } })).status).toBe(200);
  });
});

test('a mount is offered each request first', async () => {
  const taken = await call('GET', '/oidc/authorize');
  expect(taken.text).toBe('issuer');
  // It says itself who may frame it, and what may run there.
  expect(taken.headers['content-security-policy']).toBeUndefined();
  expect(taken.headers['x-frame-options']).toBeUndefined();
  expect((await call('GET', '/oidcx')).text).toBe(PAGE);
});

test('/readyz names what fails', async () => {
  expect((await call('GET', '/readyz')).body).toEqual({ status: 'ok', checks: { database: 'ok' } });
  ready = false;
  const reply = await call('GET', '/readyz');
  expect(reply.status).toBe(503);
  expect(reply.body).toEqual({ status: 'not ready', checks: { database: 'failed' } });
  ready = true;
});
