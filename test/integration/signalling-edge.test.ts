import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { MAX_MESSAGE_BYTES } from '#server/signalling/gateway.ts';
import { MAX_WAITING_REQUESTS } from '#server/signalling/allowance.ts';
import * as harness from './signalling-harness.ts';
import { ANNS, ask, connected, disconnected, outcome } from './signalling-harness.ts';

let server: harness.TestGateway;
beforeEach(async () => {
  server = await harness.startGateway();
});
afterEach(() => server.stop());

test('an unknown event is refused, whatever it is called', async () => {
  const page = await server.connect('ann', ANNS);
  for (const name of ['take:steal', '', 'error', 'constructor', '__proto__', 'toString', 'session:state', 'message']) {
    expect(await outcome(page, name, {})).toBe('unknown_event');
    page.emit(name, {});
  }
  expect(await outcome(page, 'clock:sync', {})).toBe('ok');
});

test('a name that socket.io keeps to itself ends that connection only', async () => {
  const page = await server.connect('ann');
  const gone = disconnected(page);
  // The client library would refuse to send it.
  page.io.engine.write('2["disconnecting",{}]');
  await gone;
  expect(await outcome(await server.connect('ann'), 'clock:sync', {})).toBe('ok');
});

test('an oversized message ends its connection only', async () => {
  const other = await server.connect('bob');
  const page = await server.connect('ann', ANNS);
  const gone = disconnected(page);
  page.emit('question:open', { questionId: 'x'.repeat(MAX_MESSAGE_BYTES) });
  await gone;
  expect(server.sessions.commands).toEqual([]);
  expect(await outcome(other, 'clock:sync', {})).toBe('ok');
});

test('requests are carried out one at a time, in order, and a flood is refused', async () => {
  const page = await server.connect('ann', ANNS);
  const gate = Promise.withResolvers<void>();
  server.sessions.before = () => gate.promise;
  const count = MAX_WAITING_REQUESTS + 3;
  const order: number[] = [];
  const asked = Array.from({ length: count }, async (_, i) => {
    const code = await outcome(page, 'question:open', { questionId: `question${i}` });
    order.push(i);
    // The refusals come at once: the last of them lets the others go on.
    if (i === count - 1) gate.resolve();
    return code;
  });
  const codes = await Promise.all(asked);
  expect(codes.slice(0, MAX_WAITING_REQUESTS).every((code) => code === 'ok')).toBe(true);
  expect(codes.slice(MAX_WAITING_REQUESTS)).toEqual(['rate_limited', 'rate_limited', 'rate_limited']);
  expect(server.sessions.commands.map(({ command }) => command)).toEqual(
    Array.from({ length: MAX_WAITING_REQUESTS }, (_, i) => ({ type: 'open', questionId: `question${i}` })),
  );
  expect(order.slice(3)).toEqual(Array.from({ length: MAX_WAITING_REQUESTS }, (_, i) => i));
  expect(await outcome(page, 'clock:sync', {})).toBe('ok');
});

test('a refusal keeps its code; an unknown error shows an id that the log knows', async () => {
  const page = await server.connect('ann', ANNS);
  server.sessions.before = () => Promise.reject(new AppError('no_takes_left', 'There are no takes left.'));
  expect(await ask(page, 'take:arm', { questionId: 'question1' })).toEqual({
    ok: false,
    error: { code: 'no_takes_left', message: 'There are no takes left.' },
  });
  server.sessions.before = () => Promise.reject(new Error('secret detail'));
  const reply = await ask(page, 'take:arm', { questionId: 'question1' });
  if (reply.ok) throw new Error('an error was acknowledged as a success');
  expect(reply.error).toMatchObject({ code: 'internal', id: expect.any(String) as string });
  expect(JSON.stringify(reply)).not.toContain('secret detail');
  expect(server.lines.find(({ id }) => id === reply.error.id)).toMatchObject({ session: ANNS, event: 'take:arm' });
});

test('a tap that arrived counts, though its page has gone before its turn', async () => {
  const page = await server.connect('ann', ANNS);
  const gate = Promise.withResolvers<void>();
  server.sessions.before = () => gate.promise;
  page.emit('question:open', { questionId: 'question1' });
  page.emit('transport:create', {});
  page.emit('session:submit', {});
  await vi.waitFor(() => expect(server.sessions.commands).toHaveLength(1));
  page.disconnect();
  await vi.waitFor(() => expect(server.gateway.connections()).toBe(0));
  gate.resolve();
  await vi.waitFor(() => expect(server.sessions.commands.at(-1)?.command).toEqual({ type: 'submit' }));
  // Media is for a page that is there.
  expect(server.rooms.calls).toEqual([]);
});

test('closing waits for the requests under way and leaves the HTTP server open', async () => {
  const page = await server.connect('ann', ANNS);
  const gate = Promise.withResolvers<void>();
  server.sessions.before = () => gate.promise;
  page.emit('session:submit', {});
  await vi.waitFor(() => expect(server.sessions.commands).toHaveLength(1));
  let closed = false;
  const gone = disconnected(page);
  const closing = server.gateway.close().then(() => (closed = true));
  await gone;
  expect([closed, server.rooms.open.size]).toEqual([false, 0]);
  gate.resolve();
  await closing;
  expect(server.httpServer.listening).toBe(true);
  await expect(connected(server.page({ token: 'ann' }))).rejects.toThrow();
});
