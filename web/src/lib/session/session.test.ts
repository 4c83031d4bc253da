import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { afterEach, expect, test, vi } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import type { ClientToServer, ServerToClient } from '#protocol/events.ts';
import type { SessionView } from '#protocol/session.ts';
import { InterviewSession } from './session.svelte.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.unstubAllGlobals();
});

const VIEW = {
  id: 'a',
  version: 1,
  now: 1_000,
  state: 'running',
  questions: [],
  publishing: [],
} as Partial<SessionView>;

/** A server that answers the first joins with these errors, and lets in from then on. */
async function open(refusals: ErrorCode[]) {
  const http = createServer();
  const server = new Server<ClientToServer, ServerToClient>(http);
  let joins = 0;
  server.on('connection', (socket) => {
    socket.on('clock:sync', (_, ack) => ack({ ok: true, data: { now: Date.now() } }));
    socket.on('session:join', (_, ack) => {
      joins += 1;
      const code = refusals.shift();
      if (code) ack({ ok: false, error: { code, message: 'not now' } });
      else ack({ ok: true, data: { session: VIEW as SessionView, rtpCapabilities: {}, iceServers: [] } });
    });
    socket.on('take:arm', (_, ack) => ack({ ok: false, error: { code: 'not_joined', message: 'Join first' } }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  vi.stubGlobal('document', new EventTarget());
  let media = 0;
  const session = new InterviewSession({
    sessionId: 'a',
    url: `http://127.0.0.1:${String((http.address() as AddressInfo).port)}`,
    getToken: () => Promise.resolve('good'),
    onJoined: () => (media += 1),
    onMediaLost: () => undefined,
  });
  closing.push(() => session.close());
  session.open();
  return { session, joins: () => joins, media: () => media };
}

test('a join that the server could not answer is repeated, and nothing can be pressed until then', async () => {
  const { session, joins, media } = await open(['unavailable']);
  await expect.poll(() => session.joining).toBe('waiting');
  expect(session.status).toBe('connected');
  expect(session.reachable).toBe(false);
  await expect.poll(() => session.reachable, { timeout: 5_000 }).toBe(true);
  expect([joins(), media(), session.failure]).toEqual([2, 1, null]);
});

test('a session that is not one’s own is refused for good', async () => {
  const { session, joins } = await open(['forbidden']);
  await expect.poll(() => session.joining).toBe('refused');
  expect(session.failure?.code).toBe('forbidden');
  expect([session.reachable, joins()]).toEqual([false, 1]);
});

test('a page that the server does not know any more joins again', async () => {
  const { session, joins } = await open([]);
  await expect.poll(() => session.reachable).toBe(true);
  expect(await session.act('take:arm', { questionId: 'question1' })).toBe(false);
  expect(session.failure?.code).toBe('not_joined');
  await expect.poll(() => joins()).toBe(2);
  await expect.poll(() => session.reachable).toBe(true);
});

test('fresh addresses of takes come without touching the media or the question', async () => {
  const { session, joins, media } = await open([]);
  await expect.poll(() => session.reachable).toBe(true);
  await session.refresh();
  expect([joins(), media(), session.reachable]).toEqual([2, 1, true]);
});
