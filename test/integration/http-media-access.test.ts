import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fastify, type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPublishQueue } from '#recorder/publish-queue.ts';
import { createRecorder } from '#recorder/recorder.ts';
import { createReplays } from '#recorder/replay.ts';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { ManualClock } from '#server/clock.ts';
import { registerMedia } from '#server/http/media.ts';
import { sendProblem } from '#server/http/problem.ts';
import { createMediaUrls, type MediaSource } from '#server/media-urls.ts';
import { findTool } from '#test/support/tools.ts';
import { callServer, makeFolder, portOf } from './http-harness.ts';

const TTL_MS = 60_000;
const SECRET = 'a secret of more than thirty-two characters';
const TOOLS = { ffmpegPath: findTool('FFMPEG_PATH', 'ffmpeg'), ffprobePath: findTool('FFPROBE_PATH', 'ffprobe') };
const MINE = 'a'.repeat(24);
const OTHER = 'b'.repeat(24);
const prefix = (sessionId: string) => `org/interview/${sessionId}/`;

/** A video of each kind, of a session. */
const SOURCES = {
  'a saved answer': (sessionId: string): MediaSource => ({ kind: 'stored', key: `${prefix(sessionId)}q1.mp4` }),
  "a take's capture": (sessionId: string): MediaSource => ({ kind: 'capture', sessionId, takeId: 'take-1' }),
};
const kinds = Object.entries(SOURCES).map(([name, source]) => ({ name, source }));

const clock = new ManualClock();
const urls = createMediaUrls({ secret: SECRET, ttlMs: TTL_MS, clock });
let home: Awaited<ReturnType<typeof makeFolder>>;
let app: FastifyInstance;
let eraseMine: () => Promise<void>;
let closeParts: () => Promise<void>;

beforeEach(async () => {
  home = await makeFolder();
  const takes = join(home.folder, 'takes');
  const storage = createFolderStorage({ directory: join(home.folder, 'videos') });
  const queue = createPublishQueue({ ...TOOLS, concurrency: 1 });
  const recorder = createRecorder({
    ...TOOLS,
    directory: takes,
    ports: { min: 31_900, max: 31_903 },
    minFreeBytes: 1,
  });
  for (const sessionId of [MINE, OTHER]) {
    await mkdir(join(takes, sessionId), { recursive: true });
    const file = join(takes, sessionId, 'take-1.mp4');
    await writeFile(file, `the video of ${sessionId}`);
    await storage.put(`${prefix(sessionId)}q1.mp4`, file);
  }
  app = fastify({ routerOptions: { maxParamLength: 1000 } });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  registerMedia(app, { urls, storage, replays: createReplays({ directory: takes, recorder, queue }) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  eraseMine = async () => {
    await recorder.removeSession(MINE);
    await storage.deletePrefix(prefix(MINE));
  };
  closeParts = async () => {
    await queue.close();
    await recorder.close();
    await storage.close();
  };
});
afterEach(async () => {
  await app.close();
  await closeParts();
  await home.remove();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  callServer(portOf(app.server), 'GET', path, { headers });

const tokenOf = (path: string) => path.slice('/media/'.length);
const payloadOf = (path: string) => tokenOf(path).split('.')[0] ?? '';
const signatureOf = (path: string) => tokenOf(path).split('.')[1] ?? '';
/** The payload with something in it exchanged. */
const rewritten = (path: string, from: string | RegExp, to: string) =>
  Buffer.from(Buffer.from(payloadOf(path), 'base64url').toString().replace(from, to)).toString('base64url');

/** What somebody may make of the address of a video that is theirs. */
const ATTEMPTS: Record<string, (mine: string, source: MediaSource) => string> = {
  'signed with another secret': (_mine, source) =>
    createMediaUrls({ secret: 'another secret of thirty-two characters', ttlMs: TTL_MS, clock }).sign(source),
  "changed to another's session": (mine) => `/media/${rewritten(mine, MINE, OTHER)}.${signatureOf(mine)}`,
  'changed to expire later': (mine) => `/media/${rewritten(mine, /\d+\]$/, '99999999999999]')}.${signatureOf(mine)}`,
  'without its signature': (mine) => `/media/${payloadOf(mine)}`,
  'with an empty signature': (mine) => `/media/${payloadOf(mine)}.`,
  'with half a signature': (mine) => `/media/${payloadOf(mine)}.${signatureOf(mine).slice(0, 20)}`,
  "with another address' signature": (mine) =>
    `/media/${payloadOf(mine)}.${signatureOf(urls.sign({ kind: 'stored', key: 'org/x.mp4' }))}`,
  'with something behind it': (mine) => `${mine}.x`,
  'that is a plain key': () => `/media/${encodeURIComponent(`${prefix(OTHER)}q1.mp4`)}`,
};

describe.each(kinds)('the address of $name', ({ source }) => {
  test('is the permission: whoever holds it may play that one video', async () => {
    const mine = urls.sign(source(MINE));
    for (const headers of [{}, { authorization: 'Bearer of-somebody-else' }, { range: 'bytes=0-200' }]) {
      expect((await get(mine, headers)).text).toBe(`the video of ${MINE}`);
    }
  });

  test.each(Object.keys(ATTEMPTS))('is refused %s', async (name) => {
    const path = ATTEMPTS[name]?.(urls.sign(source(MINE)), source(OTHER)) ?? '';
    const refused = await get(path);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'forbidden' });
    expect(refused.text).not.toContain('the video of');
  });

  test('is refused once it has expired', async () => {
    const mine = urls.sign(source(MINE));
    clock.advance(TTL_MS - 1);
    expect((await get(mine)).status).toBe(200);
    clock.advance(1);
    expect((await get(mine)).status).toBe(403);
    expect((await get(mine, { range: 'bytes=0-1' })).status).toBe(403);
  });

  test('leads nowhere once the session is deleted, though it has not expired', async () => {
    const [mine, others] = [urls.sign(source(MINE)), urls.sign(source(OTHER))];
    expect((await get(mine)).status).toBe(200);
    await eraseMine();
    for (const path of [mine, `${mine}?play=everywhere`]) {
      const gone = await get(path);
      expect([gone.status, gone.body]).toMatchObject([404, { code: 'not_found' }]);
    }
    expect((await get(mine, { range: 'bytes=0-1' })).status).toBe(404);
    expect((await get(others)).text).toBe(`the video of ${OTHER}`);
  });
});
