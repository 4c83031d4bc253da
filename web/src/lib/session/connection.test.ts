import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { afterEach, expect, test } from 'vitest';
import type { ClientToServer, ServerToClient } from '#protocol/events.ts';
import { ApiError } from '../api-error.ts';
import { Connection, type ConnectionOptions, type ConnectionStatus } from './connection.ts';

type ServerSocket = Socket<ClientToServer, ServerToClient>;
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startServer(onSocket: (socket: ServerSocket) => void, admit: (token: string) => string | null) {
  const http = createServer();
  const server = new Server<ClientToServer, ServerToClient>(http);
  server.use((socket, next) => {
    const code = admit(String((socket.handshake.auth as { token?: unknown }).token));
    next(code === null ? undefined : Object.assign(new Error('refused'), { data: { code, message: 'refused' } }));
  });
  server.on('connection', onSocket);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { server, url: `http://127.0.0.1:${String((http.address() as AddressInfo).port)}` };
}

function open(url: string, options: Partial<ConnectionOptions> = {}) {
  const statuses: ConnectionStatus[] = [];
  const waiting: { status: ConnectionStatus; resolve: () => void }[] = [];
  const ignore = () => undefined;
  const connection = new Connection({
    url,
    getToken: () => Promise.resolve('good'),
    onConnected: ignore,
    pushes: {
      'session:state': ignore,
      'publish:progress': ignore,
      'session:taken-over': ignore,
      'media:lost': ignore,
      'server:stopping': ignore,
    },
    ...options,
    onStatus: (status) => {
      statuses.push(status);
      for (const one of waiting) if (one.status === status) one.resolve();
    },
  });
  closing.push(() => connection.close());
  const reached = (status: ConnectionStatus) =>
    new Promise<void>((resolve) => {
      if (connection.status === status) resolve();
      else waiting.push({ status, resolve });
    });
  return { connection, statuses, reached };
}

const admitAll = () => null;

test('answers with the data of an acknowledgement', async () => {
  const { url } = await startServer((socket) => {
    socket.on('clock:sync', (_, ack) => ack({ ok: true, data: { now: 42 } }));
  }, admitAll);
  const { connection, reached } = open(url);
  connection.connect();
  await reached('connected');
  await expect(connection.request('clock:sync', {})).resolves.toEqual({ now: 42 });
});

test('turns an error body into a typed error', async () => {
  const { url } = await startServer((socket) => {
    socket.on('take:arm', (_, ack) => ack({ ok: false, error: { code: 'no_takes_left', message: 'None left' } }));
  }, admitAll);
  const { connection, reached } = open(url);
  connection.connect();
  await reached('connected');
  const error = await connection.request('take:arm', { questionId: 'question1' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: 'no_takes_left' });
});

test('an unanswered request ends as offline, and so does one without a connection', async () => {
  const { url } = await startServer(() => undefined, admitAll);
  const { connection, reached } = open(url, { ackTimeoutMs: 20 });
  await expect(connection.request('clock:sync', {})).rejects.toMatchObject({ code: 'offline' });
  connection.connect();
  await reached('connected');
  await expect(connection.request('clock:sync', {})).rejects.toMatchObject({ code: 'offline' });
});

test('renews an expired token and repeats the request once', async () => {
  const renewed: string[] = [];
  const { url } = await startServer((socket) => {
    socket.on('auth:renew', ({ token }, ack) => {
      renewed.push(token);
      ack({ ok: true, data: {} });
    });
    socket.on('clock:sync', (_, ack) =>
      ack(
        renewed.length === 0
          ? { ok: false, error: { code: 'token_expired', message: 'Expired' } }
          : { ok: true, data: { now: 7 } },
      ),
    );
  }, admitAll);
  const { connection, reached } = open(url, {
    getToken: (options) => Promise.resolve(options?.fresh === true ? 'fresh' : 'good'),
  });
  connection.connect();
  await reached('connected');
  await expect(connection.request('clock:sync', {})).resolves.toEqual({ now: 7 });
  expect(renewed).toEqual(['fresh']);
});

test('comes back with a fresh token when the handshake was refused', async () => {
  const { url } = await startServer(
    () => undefined,
    (token) => (token === 'fresh' ? null : 'token_expired'),
  );
  const { connection, reached } = open(url, {
    getToken: (options) => Promise.resolve(options?.fresh === true ? 'fresh' : 'old'),
  });
  connection.connect();
  await reached('connected');
});

test('says signed out when even a fresh token is refused', async () => {
  const { url } = await startServer(
    () => undefined,
    () => 'unauthenticated',
  );
  const { connection, reached, statuses } = open(url);
  connection.connect();
  await reached('signed-out');
  expect(statuses).not.toContain('connected');
});

test('joins again after the server closed the connection', async () => {
  const sockets: ServerSocket[] = [];
  const { url } = await startServer((socket) => sockets.push(socket), admitAll);
  let joins = 0;
  const { connection, reached } = open(url, { onConnected: () => (joins += 1) });
  connection.connect();
  await reached('connected');
  const back = reached('reconnecting').then(() => reached('connected'));
  await expect.poll(() => sockets.length).toBe(1);
  sockets[0]?.disconnect(true);
  await back;
  expect(joins).toBe(2);
});

test('a page that was taken over stays away until it is asked to come back', async () => {
  const sockets: ServerSocket[] = [];
  const { url } = await startServer((socket) => sockets.push(socket), admitAll);
  const { connection, reached } = open(url);
  connection.connect();
  await reached('connected');
  await expect.poll(() => sockets.length).toBe(1);
  sockets[0]?.emit('session:taken-over', {});
  await reached('taken-over');
  await expect.poll(() => sockets[0]?.connected).toBe(false);
  expect(connection.status).toBe('taken-over');
  connection.connect();
  await reached('connected');
});

test('a sign-in service that does not answer now is asked again', async () => {
  const { url } = await startServer(() => undefined, admitAll);
  let asked = 0;
  const { connection, reached, statuses } = open(url, {
    getToken: () => {
      asked += 1;
      return asked === 1
        ? Promise.reject(new ApiError({ code: 'unavailable', message: 'A restart' }))
        : Promise.resolve('good');
    },
  });
  connection.connect();
  await reached('connected');
  expect(statuses).not.toContain('signed-out');
});
