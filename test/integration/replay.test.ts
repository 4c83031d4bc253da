import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '#recorder/capture-files.ts';
import { probe } from '#recorder/probe.ts';
import { createPublishQueue, type PublishQueue } from '#recorder/publish-queue.ts';
import { createRecorder, type Recorder } from '#recorder/recorder.ts';
import { createReplays, type Replays } from '#recorder/replay.ts';
import { makeCapture } from '#test/fixtures/captures.ts';
import { findTool } from '#test/support/tools.ts';

const TOOLS = { ffmpegPath: findTool('FFMPEG_PATH', 'ffmpeg'), ffprobePath: findTool('FFPROBE_PATH', 'ffprobe') };
const TAKE = { sessionId: 'session', takeId: 'take' };

let directory: string;
let recorder: Recorder;
let queue: PublishQueue;
let replays: Replays;
let published: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodtake-replay-'));
  recorder = createRecorder({ ...TOOLS, directory, ports: { min: 40_000, max: 40_001 }, minFreeBytes: 1 });
  queue = createPublishQueue({ ...TOOLS, concurrency: 2 });
  published = 0;
  const counted: Pick<PublishQueue, 'publish'> = {
    publish: (job) => {
      published += 1;
      return queue.publish(job);
    },
  };
  replays = createReplays({ directory, recorder, queue: counted });
  await makeFolder(join(directory, TAKE.sessionId));
});
afterEach(async () => {
  await queue.close();
  await recorder.close();
  await rm(directory, { recursive: true });
});

const filesLeft = () => readdir(join(directory, TAKE.sessionId));
const capture = (name: string, video: 'h264' | 'vp8') =>
  makeCapture(join(directory, TAKE.sessionId, name), { video, seconds: 2 });

test('a capture is played as it is, and nothing is made', async () => {
  const file = await capture('take.mp4', 'h264');
  expect(await replays.open({ ...TAKE, everywhere: false })).toEqual({ file, type: 'video/mp4' });
  expect(await replays.open({ ...TAKE, takeId: 'other', everywhere: true })).toBeNull();
  expect(published).toBe(0);
});

test.each([
  { name: 'take.mp4', video: 'h264' },
  { name: 'take.webm', video: 'vp8' },
] as const)('one copy that plays everywhere is made for all who ask: $name', async ({ name, video }) => {
  await capture(name, video);
  const asked = await Promise.all([1, 2, 3].map(() => replays.open({ ...TAKE, everywhere: true })));
  asked.push(await replays.open({ ...TAKE, everywhere: true }));
  expect(published).toBe(1);
  const file = join(directory, TAKE.sessionId, 'take.replay.mp4');
  expect(asked).toEqual([1, 2, 3, 4].map(() => ({ file, type: 'video/mp4' })));
  const made = await probe(file, TOOLS);
  expect([made.video?.codec, made.audio?.codec, made.faststart]).toEqual(['h264', 'aac', true]);
  // It is the capture that counts as the take, and both go with it.
  expect(await recorder.open(TAKE.sessionId, TAKE.takeId)).toMatchObject({
    file: join(directory, TAKE.sessionId, name),
  });
  await recorder.remove(TAKE.sessionId, TAKE.takeId);
  expect(await filesLeft()).toEqual([]);
});

test('a take that is deleted while its copy is made leaves nothing', async () => {
  await capture('take.mp4', 'h264');
  const asked = replays.open({ ...TAKE, everywhere: true });
  await expect.poll(() => published, { interval: 1 }).toBe(1);
  await recorder.remove(TAKE.sessionId, TAKE.takeId);
  expect(await asked).toBeNull();
  expect(await filesLeft()).toEqual([]);
});

test('a capture that cannot be copied is said, and tried again the next time', async () => {
  const file = await makeCapture(join(directory, TAKE.sessionId, 'take.mp4'), { video: null, seconds: 1 });
  for (const times of [1, 2]) {
    await expect(replays.open({ ...TAKE, everywhere: true })).rejects.toMatchObject({ code: 'media_missing' });
    expect(published).toBe(times);
  }
  expect(await filesLeft()).toEqual([file.split('/').at(-1)]);
});
