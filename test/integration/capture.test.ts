import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probePackets } from '#recorder/probe-packets.ts';
import { createRecorder, type Recorder } from '#recorder/recorder.ts';
import { freePorts } from '#test/support/ports.ts';
import { findTool } from '#test/support/tools.ts';
import { startFakeSource, type FakeSource, type FakeSourceOptions } from './capture-harness.ts';

const TOOLS = { ffmpegPath: findTool('FFMPEG_PATH', 'ffmpeg'), ffprobePath: findTool('FFPROBE_PATH', 'ffprobe') };
const PORTS = 8;
/** What the test is about: a take of some length. It waits for the wall clock, on which nothing depends but lengths. */
const TAKE_MS = 2_000;

let directory: string;
let recorder: Recorder;
let sources: FakeSource[];
let portMin: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodtake-capture-'));
  portMin = await freePorts(PORTS);
  recorder = createRecorder({
    ...TOOLS,
    directory,
    ports: { min: portMin, max: portMin + PORTS - 1 },
    minFreeBytes: 1,
  });
  sources = [];
});
afterEach(async () => {
  await recorder.close();
  await Promise.all(sources.map((source) => source.end()));
  await rm(directory, { recursive: true });
});

async function sourceOf(options: FakeSourceOptions = {}): Promise<FakeSource> {
  const source = await startFakeSource(options);
  sources.push(source);
  return source;
}
async function armed(options: FakeSourceOptions = {}) {
  const source = await sourceOf(options);
  const ids = { sessionId: randomUUID(), takeId: randomUUID() };
  return { ids, source, capture: await recorder.arm({ ...ids, source }) };
}
/** The ffmpeg processes that write into this test's folder. */
async function recorders(): Promise<number[]> {
  const pids: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(directory)) pids.push(Number(name));
  }
  return pids;
}
const filesLeft = async () => (await readdir(directory, { recursive: true })).filter((name) => name.includes('.'));

test.each([
  { video: 'h264', type: 'video/mp4' },
  { video: 'vp8', type: 'video/webm' },
] as const)('a take of $video', async ({ video, type }) => {
  const { ids, source, capture } = await armed({ video });
  const { firstFrameAt } = await capture.start();
  const keyFrameAt = await source.firstKeyFrameAt;
  expect(firstFrameAt - keyFrameAt).toBeLessThan(500);
  await delay(TAKE_MS);
  const [result, again] = await Promise.all([capture.stop(), capture.stop()]);
  expect(again).toBe(result);
  expect(result).toMatchObject({ type, hasAudio: true, width: 180, height: 320, damagedAtMs: [] });
  expect(source.closed).toBe(true);
  expect(source.keyFrameRequests).toBeGreaterThanOrEqual(2);

  const { video: picture, audio } = await probePackets(result.file, TOOLS);
  // Nothing is missing at either end.
  expect({ pictures: picture?.count, sounds: audio?.count }).toEqual(source.passed);
  expect(Math.abs(result.durationMs - (source.passed.pictures * 1000) / 30)).toBeLessThan(100);
  expect(Math.abs((picture?.endMs ?? 0) - (audio?.endMs ?? 0))).toBeLessThan(150);
  const { mode, size } = await stat(result.file);
  expect(mode & 0o777).toBe(0o600);
  expect(size).toBe(result.bytes);
  expect(await recorder.open(ids.sessionId, ids.takeId)).toEqual({ file: result.file, type });
  expect(await filesLeft()).toEqual([result.file.slice(directory.length + 1)]);
  expect(await recorder.list()).toEqual([ids.sessionId]);
  await recorder.removeSession(ids.sessionId);
  expect(await recorder.open(ids.sessionId, ids.takeId)).toBeNull();
  expect(await recorder.list()).toEqual([]);
});

test('a stop in silence takes less than a second and keeps what there was', async () => {
  const { source, capture } = await armed();
  await capture.start();
  await delay(TAKE_MS);
  source.silence();
  await delay(2_000);
  const before = Date.now();
  const result = await capture.stop();
  expect(Date.now() - before).toBeLessThan(1_000);
  const { video } = await probePackets(result.file, TOOLS);
  expect(video?.count).toBe(source.passed.pictures);
});

test('the result says when packets were lost', async () => {
  const { source, capture } = await armed();
  const { firstFrameAt } = await capture.start();
  await delay(1_000);
  const droppedAt = Date.now();
  source.drop(3);
  await delay(TAKE_MS);
  const { damagedAtMs } = await capture.stop();
  expect(damagedAtMs).toHaveLength(1);
  expect(Math.abs((damagedAtMs[0] ?? 0) - (droppedAt - firstFrameAt))).toBeLessThan(300);
});

test('a killed recorder is noticed, and its take saved but for the last second', async () => {
  const { source, capture } = await armed();
  await capture.start();
  await delay(TAKE_MS);
  const [pid] = await recorders();
  const length = (source.passed.pictures * 1000) / 30;
  process.kill(pid ?? 0, 'SIGKILL');
  expect(await capture.ended).toBe('recorder_failed');
  const result = await capture.stop();
  expect(result.durationMs).toBeGreaterThan(length - 1_000);
});

test('lost media are told, and the take is kept', async () => {
  const { source, capture } = await armed();
  await capture.start();
  source.lose();
  expect(await capture.ended).toBe('media_lost');
  await capture.stop();
});

test('an ffmpeg that a crashed server left is ended before its take is recovered or removed', async () => {
  const second = createRecorder({ ...TOOLS, directory, ports: { min: portMin, max: portMin + 1 }, minFreeBytes: 1 });
  const left = async () => {
    const take = await armed();
    await take.capture.start();
    expect(await recorders()).toHaveLength(1);
    return take;
  };
  const recovered = await left();
  expect(await second.recover(recovered.ids.sessionId, recovered.ids.takeId)).not.toBeNull();
  expect(await recorders()).toEqual([]);
  await recovered.capture.abort();
  const removed = await left();
  await second.remove(removed.ids.sessionId, removed.ids.takeId);
  expect(await recorders()).toEqual([]);
  await removed.capture.abort();
  const erased = await left();
  await second.removeSession(erased.ids.sessionId);
  expect(await recorders()).toEqual([]);
  await erased.capture.abort();
  expect(await filesLeft()).toEqual([`${recovered.ids.sessionId}/${recovered.ids.takeId}.mp4`]);
});

test('a process that has the number of an ended ffmpeg by now is left alone', async () => {
  const ids = { sessionId: randomUUID(), takeId: randomUUID() };
  const folder = join(directory, ids.sessionId);
  await mkdir(folder);
  const journal = join(folder, `${ids.takeId}.journal.json`);
  for (const content of [
    JSON.stringify({ pid: process.pid, file: join(folder, `${ids.takeId}.part.mp4`) }),
    '{"pid":',
  ]) {
    await writeFile(journal, content);
    expect(await recorder.recover(ids.sessionId, ids.takeId)).toBeNull();
    expect(await filesLeft()).toEqual([]);
  }
});

test('a finished file that cannot be read is removed, and its take said to be lost', async () => {
  const ids = { sessionId: randomUUID(), takeId: randomUUID() };
  const folder = join(directory, ids.sessionId);
  await mkdir(folder);
  for (const stage of ['', '.part']) {
    for (const content of ['', 'no video']) {
      await writeFile(join(folder, `${ids.takeId}${stage}.mp4`), content);
      expect(await recorder.recover(ids.sessionId, ids.takeId)).toBeNull();
      expect(await filesLeft()).toEqual([]);
    }
  }
});

test.each(['no-such-program', 'killed'])('a passing fault of ffprobe costs no take: %s', async (fault) => {
  const { ids, source, capture } = await armed();
  await capture.start();
  await delay(TAKE_MS);
  const [pid] = await recorders();
  process.kill(pid ?? 0, 'SIGKILL');
  await capture.ended;
  const ffprobePath = join(directory, fault);
  if (fault === 'killed') await writeFile(ffprobePath, '#!/bin/sh\nkill -9 $$\n', { mode: 0o700 });
  const broken = createRecorder({
    ...TOOLS,
    ffprobePath,
    directory,
    ports: { min: portMin, max: portMin + 1 },
    minFreeBytes: 1,
  });
  // The first recorder has freed everything, as a crash would have.
  await source.end();
  sources.splice(sources.indexOf(source), 1);
  await expect(broken.recover(ids.sessionId, ids.takeId)).rejects.toMatchObject({ code: 'recorder_failed' });
  expect(await broken.open(ids.sessionId, ids.takeId)).toBeNull();
  const result = await capture.stop();
  expect(result.durationMs).toBeGreaterThan(TAKE_MS - 1_000);
});

test('a picture that ends while the sound goes on is noticed', async () => {
  const { source, capture } = await armed();
  await capture.start();
  const before = Date.now();
  source.drop(Infinity);
  expect(await capture.ended).toBe('media_lost');
  expect(Date.now() - before).toBeLessThan(13_000);
  const { video, audio } = await probePackets((await capture.stop()).file, TOOLS);
  expect(audio?.endMs).toBeGreaterThan((video?.endMs ?? 0) + 5_000);
});

test('a source without sound is recorded as it is', async () => {
  const { source, capture } = await armed({ sound: false });
  await capture.start();
  await delay(TAKE_MS);
  const result = await capture.stop();
  expect(result.hasAudio).toBe(false);
  expect((await probePackets(result.file, TOOLS)).video?.count).toBe(source.passed.pictures);
});

test('what a crash of the server left is recovered', async () => {
  const { ids, capture } = await armed();
  await capture.start();
  await expect(recorder.recover(ids.sessionId, ids.takeId)).rejects.toMatchObject({ code: 'wrong_state' });
  await delay(TAKE_MS);
  const second = createRecorder({ ...TOOLS, directory, ports: { min: portMin, max: portMin + 1 }, minFreeBytes: 1 });
  const result = await second.recover(ids.sessionId, ids.takeId);
  expect(result?.durationMs).toBeGreaterThan(TAKE_MS - 1_000);
  expect(await second.open(ids.sessionId, ids.takeId)).toMatchObject({ type: 'video/mp4' });
  await capture.abort();
  expect(await second.recover(ids.sessionId, randomUUID())).toBeNull();
  await second.remove(ids.sessionId, ids.takeId);
  expect(await second.open(ids.sessionId, ids.takeId)).toBeNull();
});

test('without media the start fails within three seconds and leaves nothing', async () => {
  const { source, capture } = await armed({ mute: true });
  const before = Date.now();
  await expect(capture.start()).rejects.toMatchObject({ code: 'media_missing' });
  expect(Date.now() - before).toBeLessThan(3_600);
  expect(source.closed).toBe(true);
  expect(await filesLeft()).toEqual([]);
  expect(await recorders()).toEqual([]);
  await expect(capture.stop()).rejects.toMatchObject({ code: 'wrong_state' });
});

test('a stop before the start leaves nothing', async () => {
  const { capture } = await armed();
  await expect(capture.stop()).rejects.toMatchObject({ code: 'media_missing' });
  expect(await filesLeft()).toEqual([]);
});

test('two takes at once; a third finds no ports', async () => {
  const takes = await Promise.all([armed(), armed({ video: 'vp8' })]);
  const third = await sourceOf();
  await expect(recorder.arm({ sessionId: 'a', takeId: 'b', source: third })).rejects.toMatchObject({ code: 'busy' });
  expect(third.closed).toBe(true);
  await Promise.all(takes.map(({ capture }) => capture.start()));
  await delay(TAKE_MS);
  const results = await Promise.all(takes.map(({ capture }) => capture.stop()));
  for (const [index, { file }] of results.entries()) {
    const { video, audio } = await probePackets(file, TOOLS);
    expect({ pictures: video?.count, sounds: audio?.count }).toEqual(takes[index]?.source.passed);
  }
});

test('a disk that is too full, and ids that are paths, are refused', async () => {
  const ports = { min: portMin, max: portMin + PORTS - 1 };
  const full = createRecorder({ ...TOOLS, directory, ports, minFreeBytes: Number.MAX_SAFE_INTEGER });
  const source = await sourceOf();
  await expect(full.arm({ sessionId: 'a', takeId: 'b', source })).rejects.toMatchObject({ code: 'disk_full' });
  await expect(recorder.arm({ sessionId: '..', takeId: 'b', source })).rejects.toMatchObject({ code: 'bad_request' });
  await expect(recorder.open('a', '../b')).rejects.toMatchObject({ code: 'bad_request' });
});

test('twenty takes in a row leave nothing behind', async () => {
  const descriptors = async () => (await readdir('/proc/self/fd')).length;
  const source = await sourceOf();
  let before = 0;
  for (let i = 0; i < 20; i += 1) {
    const capture = await recorder.arm({ sessionId: 'session', takeId: `take-${i}`, source });
    await capture.start();
    if (i % 2 === 0) await capture.stop();
    else await capture.abort();
    if (i === 1) before = await descriptors();
  }
  expect(await descriptors()).toBeLessThanOrEqual(before);
  expect(await recorders()).toEqual([]);
  expect((await filesLeft()).length).toBe(10);
  await recorder.removeSession('session');
  expect(await filesLeft()).toEqual([]);
});
