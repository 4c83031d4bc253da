import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { startMongod, type Mongod } from '#config/mongod.ts';
import { createApp } from '#server/app.ts';
import { systemClock } from '#server/clock.ts';
import { freePorts } from '#test/support/ports.ts';
import { findTool } from '#test/support/tools.ts';
import { makeFolder } from './http-harness.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';

/** More than the sockets' buffers hold, so that a client that stops reading stops the answer. */
const LARGE_BYTES = 64 * 1024 * 1024;
const RANGE = 20;

let home: Awaited<ReturnType<typeof makeFolder>>;
let mongod: Mongod;
let webRoot: string;
let lines: string[];

beforeAll(async () => {
  home = await makeFolder();
  mongod = await startMongod({ binary: findTool('MONGOD_PATH', 'mongod'), dbPath: join(home.folder, 'db'), port: 0 });
  webRoot = join(home.folder, 'web');
  await mkdir(webRoot);
  await writeFile(join(webRoot, '200.html'), '<!doctype html>');
  await writeFile(join(webRoot, 'large.bin'), Buffer.alloc(LARGE_BYTES, 7));
}, STORE_START_TIMEOUT_MS);
afterAll(async () => {
  await mongod.close();
  await home.remove();
});

/** The settings of a whole server on ports and data of its own. */
async function settings(env: Record<string, string> = {}) {
  lines = [];
  const first = await freePorts(2 * RANGE + 10);
  const dataDir = join(home.folder, randomUUID());
  await mkdir(dataDir);
  const url = new URL(mongod.url);
  url.pathname = `/test-${randomUUID()}`;
  const config = loadConfig({
    PUBLIC_URL: `http://localhost:${first}`,
    PORT: String(first),
    DATA_DIR: dataDir,
    MEDIASOUP_WORKER_BIN: findTool('MEDIASOUP_WORKER_BIN', 'mediasoup-worker', 'mediasoup-worker-3.27.1'),
    WORKERS: '1',
    RTC_PORT_MIN: String(first + 2),
    WORKER_PORT_MIN: String(first + 10),
    WORKER_PORT_MAX: String(first + 9 + RANGE),
    RECORDER_PORT_MIN: String(first + 10 + RANGE),
    RECORDER_PORT_MAX: String(first + 9 + 2 * RANGE),
    ...env,
  });
  return {
    config,
    ...{ secret: 's'.repeat(32), mongodbUrl: url.href, webRoot, clock: systemClock },
    log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
  };
}

/** What keeps a process alive after all has been closed: connections, servers, child processes. */
const heldOpen = () =>
  process.getActiveResourcesInfo().filter((kind) => /^(TCPSocketWrap|TCPServerWrap|ProcessWrap)$/.test(kind)).length;

test('a start that fails halfway closes what it has opened', async () => {
  const options = await settings();
  const before = heldOpen();
  const taken = createServer().listen(options.config.rtc.portMin, options.config.rtc.listenIp);
  await once(taken, 'listening');
  await expect(createApp(options)).rejects.toThrow();
  taken.close();
  await once(taken, 'close');
  await expect.poll(heldOpen).toBe(before);
});

test('a start without its storage closes what it has opened', async () => {
  const before = heldOpen();
  const [port] = [await freePorts(1)];
  const options = await settings({
    ...{ STORAGE: 's3', S3_ENDPOINT: `http://127.0.0.1:${port}`, S3_BUCKET: 'none' },
    ...{ S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' },
  });
  await expect(createApp(options)).rejects.toMatchObject({ code: 'unavailable' });
  await expect.poll(heldOpen).toBe(before);
});

test('closing does not wait for a client that has stopped reading', async () => {
  const before = heldOpen();
  const options = await settings();
  const app = await createApp(options);
  await app.listen();
  const { port } = options.config.http;
  const headers = { host: `localhost:${port}` };
  const outgoing = request({ host: '127.0.0.1', port, path: '/large.bin', agent: false, headers }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const broken = once(answer, 'error');
  await once(answer, 'readable');
  const begun = performance.now();
  await app.close();
  expect(performance.now() - begun).toBeLessThan(10_000);
  answer.resume();
  await broken;
  expect(lines.filter((line) => line.includes('closing takes too long'))).toEqual([]);
  await expect.poll(heldOpen).toBe(before);
}, 30_000);
