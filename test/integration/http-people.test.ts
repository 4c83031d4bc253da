import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MeView } from '#protocol/account.ts';
import type { InterviewView } from '#protocol/interview.ts';
import { MAX_ALLOWED_ADDRESSES } from '#protocol/interview.ts';
import { interviewInput, startApp, type TestApp } from './http-app.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
}, STORE_START_TIMEOUT_MS);
afterAll(() => app.close(), STORE_START_TIMEOUT_MS);

const me = (token: string) => app.call<MeView>('GET', '/api/me', { token });

test('the first visit makes the account, however many come at once', async () => {
  const token = await app.sign('ann');
  const replies = await Promise.all(Array.from({ length: 8 }, () => me(token)));
  expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
  expect(replies[0]?.body).toMatchObject({ email: 'ann@example.org', name: null, phone: null, organisation: null });
});

test('name and phone are set, and a phone that is left out is removed', async () => {
  const token = await app.sign('bob');
  const put = (body: object) => app.call<MeView>('PUT', '/api/me', { token, body });
  expect((await put({ name: ' Bob ', phone: '+49 30 123456' })).body).toMatchObject({
    name: 'Bob',
    phone: '+49 30 123456',
  });
  expect((await put({ name: 'Bob' })).body).toMatchObject({ name: 'Bob', phone: null });
  expect((await put({ name: 'Bob', phone: 'call me' })).body).toMatchObject({ code: 'bad_request', field: 'phone' });
  expect((await put({ name: 'Bob', email: 'eve@example.org' })).body).toMatchObject({
    code: 'bad_request',
    field: 'email',
  });
  expect((await me(token)).body).toMatchObject({ name: 'Bob', email: 'bob@example.org' });
});

test('the address follows the issuer', async () => {
  const { me: before } = await app.person('carl');
  const changed = await app.store.accounts.signIn(
    { issuer: 'https://issuer.test/', subject: 'carl', email: 'New@Example.org' },
    0,
  );
  expect(changed).toMatchObject({ id: before.id, email: 'new@example.org', name: 'The carl' });
});

test('a person makes one organisation, even when asking twice at once', async () => {
  const { token } = await app.person('dora');
  const ask = () => app.call<MeView>('POST', '/api/organisations', { token, body: { name: 'Acme' } });
  const replies = await Promise.all([ask(), ask(), ask()]);
  expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409, 409]);
  expect((await me(token)).body.organisation).toMatchObject({ name: 'Acme', role: 'admin' });
});

test('an interview goes over the wire with as many addresses as are allowed, of any length', async () => {
  const { token } = await app.recruiter('emil');
  const long = `${'x'.repeat(60)}@${'y'.repeat(60)}.${'z'.repeat(60)}.${'w'.repeat(50)}.example`;
  const addresses = Array.from({ length: MAX_ALLOWED_ADDRESSES }, (_unused, index) => `${String(index)}${long}`);
  const send = (list: string[]) =>
    app.call<InterviewView>('POST', '/api/interviews', {
      token,
      body: interviewInput({ access: { kind: 'addresses', addresses: list } }),
    });
  const reply = await send(addresses);
  expect(reply.status).toBe(200);
  expect(reply.body.access).toEqual({ kind: 'addresses', addresses });
  expect((await send([...addresses, 'one@more.example'])).body).toMatchObject({
    code: 'bad_request',
    field: 'access.addresses',
  });
  expect((await send(['no address'])).body).toMatchObject({ code: 'bad_request', field: 'access.addresses.0' });
});

test.each([
  [{ title: ' ' }, 'title'],
  [{ timeZone: 'Mars/Base' }, 'timeZone'],
  [{ opensAt: 2, closesAt: 1 }, 'closesAt'],
  [{ attemptsAllowed: 0 }, 'attemptsAllowed'],
  [
    { questions: [{ text: 'a', answerLimitMs: 25_000, thinkingTimeMs: 0, takesAllowed: 3 }] },
    'questions.0.answerLimitMs',
  ],
  [
    { questions: [{ text: 'a', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 4 }] },
    'questions.0.takesAllowed',
  ],
])('a field that is wrong is named: %j', async (changes, field) => {
  const token = (await app.recruiter(`field-${field}`)).token;
  const reply = await app.call('POST', '/api/interviews', { token, body: interviewInput(changes) });
  expect(reply.status).toBe(400);
  expect(reply.body).toMatchObject({ code: 'bad_request', field });
});
