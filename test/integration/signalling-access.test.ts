import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERROR_STATUS } from '#protocol/errors.ts';
import { requests } from '#protocol/events.ts';
import * as harness from './signalling-harness.ts';
import { ANNS, ask, BOBS, BODIES, connected, NAMES, outcome, TOKEN_LIFE_MS } from './signalling-harness.ts';

const WITHOUT_SESSION = new Set<string>(['auth:renew', 'clock:sync', 'session:join']);

let server: harness.TestGateway;
beforeEach(async () => {
  server = await harness.startGateway();
});
afterEach(() => server.stop());

test('the walk knows every request', () => {
  expect(NAMES.toSorted()).toEqual(Object.keys(requests).toSorted());
});

describe('the handshake', () => {
  test.each([
    ['nobody', {}, 'unauthenticated'],
    ['an empty token', { token: '' }, 'unauthenticated'],
    ['no string', { token: { $ne: null } }, 'unauthenticated'],
    ['a forged token', { token: 'forged' }, 'unauthenticated'],
    ['an overlong token', { token: 'x'.repeat(9_000) }, 'unauthenticated'],
    ['an expired token', { token: 'old' }, 'token_expired'],
    ['a fault of ours', { token: 'broken' }, 'internal'],
  ])('refuses %s', async (_who, auth, code) => {
    const refusal: unknown = await connected(server.page(auth)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ data: { code, message: expect.any(String) as string } });
    expect(server.gateway.connections()).toBe(0);
    expect(JSON.stringify(refusal)).not.toContain('on fire');
  });

  test.each(['websocket', 'polling'])('lets only pages of our own origin in (%s)', async (transport) => {
    const transports = [transport];
    for (const origin of ['https://evil.test', 'null', 'http://interviews.test.evil.test', 'https://interviews.test']) {
      await expect(connected(server.page({ token: 'ann' }, { origin, transports }))).rejects.toThrow();
    }
    await connected(server.page({ token: 'ann' }, { origin: harness.PUBLIC_URL, transports }));
    expect(server.gateway.connections()).toBe(1);
  });
});

describe.each(NAMES)('%s', (name) => {
  test('answers nobody and no forger', async () => {
    for (const auth of [{}, { token: 'forged' }]) {
      const page = server.page(auth);
      await expect(connected(page)).rejects.toThrow();
      expect(page.connected).toBe(false);
    }
    expect(server.sessions.commands).toEqual([]);
  });

  test('wants the session to be joined', async () => {
    const page = await server.connect('ann');
    expect(await outcome(page, name, BODIES[name])).toBe(WITHOUT_SESSION.has(name) ? 'ok' : 'not_joined');
    expect([server.sessions.commands, server.rooms.calls]).toEqual([[], []]);
  });

  test("reaches nothing in somebody else's session", async () => {
    const page = await server.connect('bob');
    expect(await outcome(page, 'session:join', { sessionId: ANNS })).toBe('not_found');
    const expected = { 'auth:renew': 'forbidden', 'clock:sync': 'ok', 'session:join': 'not_found' }[name as string];
    expect(await outcome(page, name, BODIES[name])).toBe(expected ?? 'not_joined');
    expect([server.sessions.commands, server.rooms.calls, server.rooms.open.size]).toEqual([[], [], 0]);
  });

  test('is refused once the token has expired', async () => {
    const page = await server.connect('ann', ANNS);
    server.clock.advance(TOKEN_LIFE_MS);
    expect(await outcome(page, name, BODIES[name])).toBe(name === 'auth:renew' ? 'ok' : 'token_expired');
    expect([server.sessions.commands, server.rooms.calls]).toEqual([[], []]);
  });

  test('names the field at fault', async () => {
    const page = await server.connect('ann', ANNS);
    expect(await ask(page, name, { ...BODIES[name], more: 1 })).toMatchObject({
      ok: false,
      error: { code: 'bad_request', field: 'more' },
    });
    for (const body of [null, 'text', 7, [], Buffer.from('binary')]) {
      expect(await outcome(page, name, body)).toBe('bad_request');
    }
    expect(await outcome(page, name)).toBe('bad_request');
    for (const field of Object.keys(BODIES[name])) {
      for (const value of [{ $gt: '' }, 'x'.repeat(10_000)]) {
        const reply = await ask(page, name, { ...BODIES[name], [field]: value });
        if (reply.ok) throw new Error(`${name} took ${field} ${JSON.stringify(value)}`);
        expect(reply.error.code).toBe('bad_request');
        expect(reply.error.field).toMatch(new RegExp(`^${field}`));
      }
    }
    expect([server.sessions.commands, server.rooms.calls]).toEqual([[], []]);
  });

  test('is carried out for the owner, with or without an acknowledgement', async () => {
    const page = await server.connect('ann', ANNS);
    page.emit(name, BODIES[name]);
    expect(await ask(page, name, BODIES[name])).toEqual({ ok: true, data: expect.anything() as object });
    const done = server.sessions.commands.length + server.rooms.calls.length;
    expect(done).toBe(WITHOUT_SESSION.has(name) ? 0 : 2);
    expect(server.sessions.commands.every(({ sessionId }) => sessionId === ANNS)).toBe(true);
  });
});

test('a renewed token has to be valid and of the same account', async () => {
  const page = await server.connect('ann', ANNS);
  expect(await outcome(page, 'auth:renew', { token: 'forged' })).toBe('unauthenticated');
  expect(await outcome(page, 'auth:renew', { token: 'bob' })).toBe('forbidden');
  expect(await outcome(page, 'auth:renew', { token: 'old' })).toBe('token_expired');
  expect(await outcome(page, 'session:join', { sessionId: BOBS })).toBe('not_found');
  server.clock.advance(TOKEN_LIFE_MS);
  expect(await outcome(page, 'session:submit', {})).toBe('token_expired');
  expect(await outcome(page, 'auth:renew', { token: 'ann' })).toBe('ok');
  // Still joined: an expired token ends nothing.
  expect(await outcome(page, 'session:submit', {})).toBe('ok');
});

test('every event leaves one line, with nothing personal in it', async () => {
  const page = await server.connect('ann', ANNS);
  for (const name of NAMES) await ask(page, name, BODIES[name]);
  await ask(page, 'ann@example.org', {});
  const lines = server.lines.filter(({ msg }) => msg === 'event');
  expect(lines.map(({ event }) => event)).toEqual(['session:join', ...NAMES, 'unknown']);
  for (const line of lines) {
    const { event, session, errorCode } = line;
    expect(Object.keys(line).toSorted()).toEqual(['errorCode', 'event', 'level', 'msg', 'session', 'time']);
    expect({ event, session }).toEqual({ event, session: ANNS });
    expect(errorCode === null || (errorCode as string) in ERROR_STATUS).toBe(true);
  }
});
