import { once } from 'node:events';
import { readdir, readlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { ManualClock } from '#server/clock.ts';
import { registerMedia } from '#server/http/media.ts';
import { sendProblem } from '#server/http/problem.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { callServer, makeFolder, portOf } from './http-harness.ts';

const SESSION = '0123456789abcdef01234567';
/** More than the sockets' buffers hold, so that a client that stops reading stops the stream. */
const LARGE_BYTES = 64 * 1024 * 1024;
const CONTENT = Buffer.from(Array.from({ length: 1000 }, (_unused, index) => index % 251));

const clock = new ManualClock();
const urls = createMediaUrls({ secret: 'a secret of more than thirty-two characters', ttlMs: 60_000, clock });
const stored = urls.sign({ kind: 'stored', key: 'answers/one.mp4' });
const capture = urls.sign({ kind: 'capture', sessionId: SESSION, takeId: 'take-1' });
const reads: Readable[] = [];
let home: Awaited<ReturnType<typeof makeFolder>>;
let app: FastifyInstance;
let port: number;

beforeAll(async () => {
  home = await makeFolder();
  const file = (name: string) => join(home.folder, name);
  const storage = createFolderStorage({ directory: file('storage') });
  await writeFile(file('small'), CONTENT);
  await writeFile(file('copy'), 'a copy');
  await writeFile(file('large'), Buffer.alloc(LARGE_BYTES, 7));
  await storage.put('answers/one.mp4', file('small'));
  await storage.put('answers/large.mp4', file('large'));
  app = fastify({ routerOptions: { maxParamLength: 1000 } });
  app.setErrorHandler((error, incoming, reply) => sendProblem(error, incoming, reply));
  const watched = {
    ...storage,
    async read(key: string, range?: { start: number; end: number }) {
      const stream = await storage.read(key, range);
      reads.push(stream);
      return stream;
    },
  };
  registerMedia(app, {
    urls,
    storage: watched,
    replays: {
      open({ sessionId, takeId, everywhere }) {
        const name = { 'take-1': 'small', 'take-2': 'large' }[takeId] ?? 'missing';
        if (sessionId !== SESSION) return Promise.resolve(null);
        return Promise.resolve(
          everywhere ? { file: file('copy'), type: 'video/mp4' } : { file: file(name), type: 'video/webm' },
        );
      },
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = portOf(app.server);
});

afterAll(async () => {
  await app.close();
  await home.remove();
});

test.each([
  ['a saved answer', stored, 'video/mp4'],
  ["a take's capture", capture, 'video/webm'],
])('%s is sent whole, in parts, and by its head alone', async (_title, path, type) => {
  const whole = await callServer(port, 'GET', path);
  expect(whole.status).toBe(200);
  expect(whole.bytes.equals(CONTENT)).toBe(true);
  expect(whole.headers).toMatchObject({
    'content-type': type,
    'content-length': '1000',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    'content-disposition': 'inline',
  });

  for (const [range, start, end] of [
    ['bytes=0-1', 0, 1],
    ['bytes=500-', 500, 999],
    ['bytes=-10', 990, 999],
    ['bytes=999-5000', 999, 999],
  ] as const) {
    const part = await callServer(port, 'GET', path, { headers: { range } });
    expect(part.status, range).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes ${start}-${end}/1000`);
    expect(part.headers['content-length']).toBe(String(end - start + 1));
    expect(part.bytes.equals(CONTENT.subarray(start, end + 1))).toBe(true);
  }

  const beyond = await callServer(port, 'GET', path, { headers: { range: 'bytes=1000-' } });
  expect(beyond.status).toBe(416);
  expect(beyond.headers['content-range']).toBe('bytes */1000');

  const head = await callServer(port, 'HEAD', path, { headers: { range: 'bytes=0-1' } });
  expect(head.status).toBe(200);
  expect(head.headers['content-length']).toBe('1000');
  expect(head.text).toBe('');
});

test.each([
  ['a changed address', () => `${stored.slice(0, -3)}AAA`, 403, 'forbidden'],
  ['no address at all', () => '/media/x', 403, 'forbidden'],
  ['an answer that was deleted', () => urls.sign({ kind: 'stored', key: 'answers/gone.mp4' }), 404, 'not_found'],
  [
    'a capture whose file is gone',
    () => urls.sign({ kind: 'capture', sessionId: SESSION, takeId: 'take-9' }),
    404,
    'not_found',
  ],
  [
    'a capture that nobody knows',
    () => urls.sign({ kind: 'capture', sessionId: 'f'.repeat(24), takeId: 'take-1' }),
    404,
    'not_found',
  ],
])('%s is refused with problem details', async (_title, path, status, code) => {
  const reply = await callServer(port, 'GET', path());
  expect(reply.status).toBe(status);
  expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(reply.body).toMatchObject({ status, code });
});

test('an address stops working when it expires', async () => {
  const path = urls.sign({ kind: 'stored', key: 'answers/one.mp4' });
  expect((await callServer(port, 'HEAD', path)).status).toBe(200);
  clock.advance(60_000);
  expect((await callServer(port, 'HEAD', path)).status).toBe(403);
});

test.each([
  ['a saved answer', () => urls.sign({ kind: 'stored', key: 'answers/large.mp4' })],
  ["a take's capture", () => urls.sign({ kind: 'capture', sessionId: SESSION, takeId: 'take-2' })],
])('a client that goes away while reading %s leaves no file open', async (_title, path) => {
  const outgoing = request({ host: '127.0.0.1', port, path: path(), agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [Readable];
  await once(incoming, 'data');
  expect(await openFiles(home.folder)).toBe(1);
  outgoing.destroy();
  await expect.poll(() => openFiles(home.folder)).toBe(0);
  expect(reads.every((stream) => stream.destroyed)).toBe(true);
});

/** How many files below the folder this process holds open. */
async function openFiles(folder: string): Promise<number> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder)).length;
}

test('a browser that asks for it gets a copy of a take that plays everywhere; any other wish is refused', async () => {
  const take = urls.sign({ kind: 'capture', sessionId: SESSION, takeId: 'take-1' });
  const copy = await callServer(port, 'GET', `${take}?play=everywhere`);
  expect([copy.status, copy.headers['content-type'], copy.bytes.toString()]).toEqual([200, 'video/mp4', 'a copy']);
  const kept = urls.sign({ kind: 'stored', key: 'answers/one.mp4' });
  const answer = await callServer(port, 'GET', `${kept}?play=everywhere`);
  expect(answer.bytes.equals(CONTENT)).toBe(true);
  const refused = await callServer(port, 'GET', `${take}?play=nowhere`);
  expect(refused.status).toBe(400);
  expect(JSON.parse(refused.bytes.toString())).toMatchObject({ code: 'bad_request', field: 'play' });
});
