import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ErrorBody } from '#protocol/errors.ts';
import { MAX_CONNECTIONS, MAX_WAITING_REQUESTS, REQUESTS_AT_ONCE } from '#server/signalling/allowance.ts';
import * as harness from './signalling-harness.ts';
import { ANNS, connected, disconnected, outcome } from './signalling-harness.ts';

let server: harness.TestGateway;
beforeEach(async () => {
  server = await harness.startGateway();
});
afterEach(() => server.stop());

/** Spends all that an account has left but for `rest`, on two connections that it opens; the clock stands still. */
async function spend(account: string, rest: number) {
  const pages = [await server.connect(account), await server.connect(account)] as const;
  // A connection costs one too.
  for (let i = pages.length; i < REQUESTS_AT_ONCE - rest; i++) {
    expect(await outcome(pages[i % 2 === 0 ? 0 : 1], 'clock:sync', {})).toBe('ok');
  }
  return pages;
}

test('requests that wait are counted over all connections of a person', async () => {
  const first = await server.connect('ann', ANNS);
  const second = await server.connect('ann');
  const gate = Promise.withResolvers<void>();
  server.sessions.before = () => gate.promise;
  const waiting = Array.from({ length: MAX_WAITING_REQUESTS }, () => outcome(first, 'session:submit', {}));
  expect(await outcome(first, 'clock:sync', {})).toBe('rate_limited');
  expect(await outcome(second, 'clock:sync', {})).toBe('rate_limited');
  expect(await outcome(await server.connect('ann'), 'clock:sync', {})).toBe('rate_limited');
  expect(await outcome(await server.connect('bob'), 'clock:sync', {})).toBe('ok');
  gate.resolve();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['ok']));
  expect(await outcome(second, 'clock:sync', {})).toBe('ok');
});

test('so is the rate of requests and of connections, which comes back with time', async () => {
  const [first, second] = await spend('ann', 0);
  expect(await outcome(first, 'clock:sync', {})).toBe('rate_limited');
  expect(await outcome(second, 'session:join', { sessionId: ANNS })).toBe('rate_limited');
  const refusal = await connected(server.page({ token: 'ann' })).catch((error: { data?: ErrorBody }) => error.data);
  expect(refusal).toMatchObject({ code: 'rate_limited' });
  expect(await outcome(await server.connect('bob'), 'clock:sync', {})).toBe('ok');
  server.clock.advance(1_000);
  expect(await outcome(first, 'clock:sync', {})).toBe('ok');
  await server.connect('ann');
});

test('leaving and coming back does not restore it', async () => {
  const pages = await spend('ann', 1);
  for (const page of pages) page.disconnect();
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(0));
  const page = await server.connect('ann');
  expect(await outcome(page, 'clock:sync', {})).toBe('rate_limited');
});

test('who goes on all the same is disconnected', async () => {
  const [page] = await spend('ann', 0);
  const gone = disconnected(page);
  for (let i = 0; i < REQUESTS_AT_ONCE; i++) page.emit('clock:sync', {});
  await gone;
  expect(await outcome(await server.connect('bob'), 'clock:sync', {})).toBe('ok');
});

test('of too many connections of a person the oldest ends', async () => {
  const oldest = await server.connect('ann');
  const other = await server.connect('bob');
  const gone = disconnected(oldest);
  for (let i = 1; i < MAX_CONNECTIONS; i++) await server.connect('ann');
  expect(oldest.connected).toBe(true);
  const newest = await server.connect('ann');
  await gone;
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(MAX_CONNECTIONS + 1));
  for (const page of [newest, other]) expect(await outcome(page, 'clock:sync', {})).toBe('ok');
});
