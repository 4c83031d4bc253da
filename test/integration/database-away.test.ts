import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { CONSENT_VERSION } from '#protocol/consent.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { Ack } from '#protocol/events.ts';
import { publishInterview, signInByHttp, type Api } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';

let server: TestServer;
let candidate: Api;
let sessionId = '';
let socket: Socket;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const { slug } = await publishInterview(recruiter);
  candidate = await signInByHttp(server, 'kim@example.org');
  const body = { version: CONSENT_VERSION, language: 'en' };
  ({ sessionId } = await candidate.call('consent', { params: { slug: slug ?? '' }, body }));
  socket = connect();
  await keep(Promise.resolve({ close: async () => void socket.disconnect() }));
  expect(await ask('session:join', { sessionId })).toMatchObject({ ok: true });
  await killDatabase();
}, 90_000);

function connect(): Socket {
  return io(server.url, { transports: ['websocket'], reconnection: false, auth: { token: candidate.token } });
}

const ask = (event: string, body: object): Promise<Ack<unknown>> =>
  socket.emitWithAck(event, body) as Promise<Ack<unknown>>;

async function killDatabase(): Promise<void> {
  process.kill(Number(await readFile(join(server.dataDir, 'mongodb', 'mongod.lock'), 'utf8')), 'SIGKILL');
  await vi.waitUntil(() => server.logs.some((line) => line.includes('the embedded database ended by itself')));
}

// Each waits for the driver to give up, which takes five seconds.
describe.concurrent('while the database cannot be reached', () => {
  test('a read and a command over a socket are answered with unavailable', async () => {
    const refusal = { ok: false, error: { code: 'unavailable', id: expect.any(String) as string } };
    expect(await ask('session:join', { sessionId })).toMatchObject(refusal);
    expect(await ask('check:pass', {})).toMatchObject(refusal);
  });

  test('what needs no database is answered as ever', async () => {
    expect(await ask('clock:sync', {})).toMatchObject({ ok: true });
  });

  test('a new connection is refused with unavailable, and not as if nobody were signed in', async () => {
    const late = connect();
    const body = await new Promise<ErrorBody>((resolve, reject) => {
      late.once('connect', () => reject(new Error('it was let in')));
      late.once('connect_error', (error: Error & { data?: ErrorBody }) =>
        error.data ? resolve(error.data) : reject(error),
      );
    });
    late.disconnect();
    expect(body).toMatchObject({ code: 'unavailable', id: expect.any(String) as string });
  });

  test.each(['/api/me', '/api/interviews', '/api/my/sessions'])('%s is answered with 503', async (path) => {
    const response = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${candidate.token}` } });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'unavailable', id: expect.any(String) as string });
  });
});

test('none of it is logged as unexpected', () => {
  expect(server.logs.filter((line) => line.includes('"errorCode":"internal"'))).toEqual([]);
  expect(server.logs.filter((line) => line.includes('"errorCode":"unavailable"')).length).toBeGreaterThan(5);
});
