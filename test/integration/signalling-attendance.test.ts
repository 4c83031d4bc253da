import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { REJOIN_GRACE_MS } from '#server/signalling/attendance.ts';
import type { SessionView } from '#protocol/session.ts';
import { RENEWAL_GRACE_MS } from '#server/signalling/tell.ts';
import * as harness from './signalling-harness.ts';
import { ANNS, ask, connected, outcome, pushed } from './signalling-harness.ts';

let server: harness.TestGateway;
beforeEach(async () => {
  server = await harness.startGateway();
});
afterEach(() => server.stop());

const nobodyListens = () => vi.waitFor(() => expect(server.sessions.listeners.size).toBe(0));

test('joining answers with the session, what may be sent and the ICE servers', async () => {
  const page = await server.connect('ann');
  expect(await ask(page, 'session:join', { sessionId: ANNS })).toMatchObject({
    ok: true,
    data: {
      session: { id: ANNS, state: 'running' },
      rtpCapabilities: { codecs: [] },
      iceServers: [{ urls: ['stun:127.0.0.1:3478'] }],
    },
  });
  const state = pushed(page, 'session:state');
  await ask(page, 'check:pass', {});
  expect(await state).toMatchObject({ session: { id: ANNS, version: 2 } });
});

test('a newer page takes over; the older one is told and may take back', async () => {
  const older = await server.connect('ann', ANNS);
  const told = pushed(older, 'session:taken-over');
  const newer = await server.connect('ann', ANNS);
  await told;
  expect(await outcome(older, 'take:arm', { questionId: 'question1' })).toBe('not_joined');
  expect(await outcome(older, 'transport:create', {})).toBe('not_joined');
  expect(await outcome(newer, 'transport:create', {})).toBe('ok');
  expect(server.sessions.listeners.size).toBe(1);

  // The older page going away takes nothing from the newer one.
  older.disconnect();
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(1));
  expect([server.clock.pending, server.sessions.listeners.size]).toEqual([0, 1]);

  const back = pushed(newer, 'session:taken-over');
  await server.connect('ann', ANNS);
  await back;
  expect(server.rooms.open.size).toBe(1);
});

test('joining the same session again is no take-over', async () => {
  const page = await server.connect('ann', ANNS);
  const pushes: string[] = [];
  page.onAny((name: string) => pushes.push(name));
  expect(await outcome(page, 'session:join', { sessionId: ANNS })).toBe('ok');
  expect(await outcome(page, 'transport:create', {})).toBe('ok');
  expect([pushes, server.sessions.listeners.size]).toEqual([[], 1]);
});

test('of two joins at once the later one holds the session', async () => {
  const [first, second] = [await server.connect('ann'), await server.connect('ann')];
  const { service } = server.rooms;
  const open = service.open.bind(service);
  const opened: (() => void)[] = [];
  service.open = async (sessionId) => {
    await new Promise<void>((resolve) => void opened.push(resolve));
    return open(sessionId);
  };
  const joins = [outcome(first, 'session:join', { sessionId: ANNS })];
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  joins.push(outcome(second, 'session:join', { sessionId: ANNS }));
  await vi.waitFor(() => expect(opened).toHaveLength(2));
  const told = pushed(first, 'session:taken-over');
  opened[1]?.();
  expect(await joins[1]).toBe('ok');
  opened[0]?.();
  expect(await joins[0]).toBe('not_joined');
  await told;
  expect(await outcome(second, 'check:pass', {})).toBe('ok');
});

test('lost media is told to the page and to the session, also while the page is away', async () => {
  const page = await server.connect('ann', ANNS);
  const told = pushed(page, 'media:lost');
  server.rooms.open.get(ANNS)?.lose('ice');
  expect(await told).toEqual({ reason: 'ice' });
  page.disconnect();
  await nobodyListens();
  server.rooms.open.get(ANNS)?.lose('dtls');
  expect(server.sessions.lost).toEqual([
    { sessionId: ANNS, reason: 'ice' },
    { sessionId: ANNS, reason: 'dtls' },
  ]);
});

test('the room waits for a page that comes back, and for no other longer than the grace', async () => {
  const page = await server.connect('ann', ANNS);
  const room = server.rooms.open.get(ANNS);
  page.disconnect();
  await nobodyListens();
  server.clock.advance(REJOIN_GRACE_MS - 1);
  const back = await server.connect('ann', ANNS);
  expect([server.rooms.open.get(ANNS) === room, server.clock.pending]).toEqual([true, 0]);
  server.clock.advance(1);
  expect(await outcome(back, 'check:pass', {})).toBe('ok');

  back.disconnect();
  await nobodyListens();
  server.clock.advance(REJOIN_GRACE_MS);
  expect([server.rooms.open.size, room?.listeners.size, server.clock.pending]).toEqual([0, 0, 0]);
  expect(server.sessions.lost).toEqual([]);
});

test('a page that has gone while its room was made does not hold the session', async () => {
  const page = await server.connect('ann');
  const { service } = server.rooms;
  const open = service.open.bind(service);
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  service.open = async (sessionId) => {
    asked.resolve();
    await gate.promise;
    return open(sessionId);
  };
  page.emit('session:join', { sessionId: ANNS });
  await asked.promise;
  page.disconnect();
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(0));
  gate.resolve();
  await vi.waitFor(() => expect(server.clock.pending).toBe(1));
  expect(server.sessions.listeners.size).toBe(0);
  server.clock.advance(REJOIN_GRACE_MS);
  expect(server.rooms.open.size).toBe(0);
});

test('a server about to stop says so and lets nobody join, while pages go on', async () => {
  const page = await server.connect('ann', ANNS);
  const told = pushed(page, 'server:stopping');
  server.gateway.stopping();
  server.gateway.stopping();
  await told;
  expect(await outcome(page, 'take:stop', { takeId: 'take01' })).toBe('ok');
  const late = server.page({ token: 'bob' });
  const toldToo = pushed(late, 'server:stopping');
  await connected(late);
  await toldToo;
  expect(await outcome(late, 'session:join', { sessionId: harness.BOBS })).toBe('shutting_down');
  expect(await outcome(late, 'session:join', { sessionId: ANNS })).toBe('not_found');
});

test('a hundred visits leave nothing behind', async () => {
  for (let visit = 0; visit < 100; visit += 1) {
    const page = await server.connect('ann', ANNS);
    expect(await outcome(page, 'transport:create', {})).toBe('ok');
    page.disconnect();
    // Nobody comes more often than that.
    server.clock.advance(100);
  }
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(0));
  await nobodyListens();
  expect([server.clock.pending, server.rooms.open.get(ANNS)?.listeners.size]).toEqual([1, 1]);
  server.clock.advance(REJOIN_GRACE_MS);
  expect([server.clock.pending, server.rooms.open.size]).toEqual([0, 0]);
});

test('a room that was closed elsewhere is made anew at the next join, and only the new one is heard', async () => {
  const page = await server.connect('ann', ANNS);
  const old = server.rooms.open.get(ANNS);
  server.rooms.service.close(ANNS);
  expect(await outcome(page, 'session:join', { sessionId: ANNS })).toBe('ok');
  const room = server.rooms.open.get(ANNS);
  expect([room === old, old?.listeners.size, room?.listeners.size]).toEqual([false, 0, 1]);
});

test('a page whose token has expired hears of changes, gets no address of a video, and after a while nothing', async () => {
  const page = await server.connect('ann', ANNS);
  const heard: SessionView[] = [];
  page.on('session:state', ({ session }: { session: SessionView }) => heard.push(session));
  const urls = () => heard.splice(0).map(({ rehearsal }) => rehearsal.takes.map(({ url }) => url));
  /** As the limit does, or another page. */
  const change = async () => {
    await server.sessions.service.handle(ANNS, { type: 'check_pass' });
    // What was pushed before it is there once the next answer is.
    await outcome(page, 'clock:sync', {});
  };
  await change();
  expect(urls()).toEqual([['/media/signed']]);
  server.clock.advance(harness.TOKEN_LIFE_MS);
  await change();
  expect(urls()).toEqual([[null]]);
  server.clock.advance(RENEWAL_GRACE_MS);
  await change();
  expect(urls()).toEqual([]);
  // Neither its place nor its media is taken from it, and it is told what it has missed.
  expect(server.rooms.open.size).toBe(1);
  expect(await outcome(page, 'auth:renew', { token: 'ann' })).toBe('ok');
  expect(urls()).toEqual([['/media/signed']]);
  expect(await outcome(page, 'auth:renew', { token: 'ann' })).toBe('ok');
  expect(urls()).toEqual([]);
});
