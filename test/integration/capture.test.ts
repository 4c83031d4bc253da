import { readdir, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { probePackets } from '#recorder/probe-packets.ts';
import { CaptureStage, TAKE_MS, TOOLS } from './capture-stage.ts';

const stage = new CaptureStage();

test.each([
  { video: 'h264', type: 'video/mp4' },
  { video: 'vp8', type: 'video/webm' },
] as const)('a take of $video', async ({ video, type }) => {
  const { ids, source, capture } = await stage.armed({ video });
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
  expect(await stage.recorder.open(ids.sessionId, ids.takeId)).toEqual({ file: result.file, type });
  expect(await stage.filesLeft()).toEqual([result.file.slice(stage.directory.length + 1)]);
  expect(await stage.recorder.list()).toEqual([ids.sessionId]);
  await stage.recorder.removeSession(ids.sessionId);
  expect(await stage.recorder.open(ids.sessionId, ids.takeId)).toBeNull();
  expect(await stage.recorder.list()).toEqual([]);
});

test('a stop in silence takes less than a second and keeps what there was', async () => {
  const { source, capture } = await stage.armed();
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
  const { source, capture } = await stage.armed();
  const { firstFrameAt } = await capture.start();
  await delay(1_000);
  const droppedAt = Date.now();
  source.drop(3);
  await delay(TAKE_MS);
  const { damagedAtMs } = await capture.stop();
  expect(damagedAtMs).toHaveLength(1);
  expect(Math.abs((damagedAtMs[0] ?? 0) - (droppedAt - firstFrameAt))).toBeLessThan(300);
});

test('lost media are told, and the take is kept', async () => {
  const { source, capture } = await stage.armed();
  await capture.start();
  source.lose();
  expect(await capture.ended).toBe('media_lost');
  await capture.stop();
});

test('a picture that ends while the sound goes on is noticed', async () => {
  const { source, capture } = await stage.armed();
  await capture.start();
  const before = Date.now();
  source.drop(Infinity);
  expect(await capture.ended).toBe('media_lost');
  expect(Date.now() - before).toBeLessThan(13_000);
  const { video, audio } = await probePackets((await capture.stop()).file, TOOLS);
  expect(audio?.endMs).toBeGreaterThan((video?.endMs ?? 0) + 5_000);
});

test('a source without sound is recorded as it is', async () => {
  const { source, capture } = await stage.armed({ sound: false });
  await capture.start();
  await delay(TAKE_MS);
  const result = await capture.stop();
  expect(result.hasAudio).toBe(false);
  expect((await probePackets(result.file, TOOLS)).video?.count).toBe(source.passed.pictures);
});

test('without media the start fails within three seconds and leaves nothing', async () => {
  const { source, capture } = await stage.armed({ mute: true });
  const before = Date.now();
  await expect(capture.start()).rejects.toMatchObject({ code: 'media_missing' });
  expect(Date.now() - before).toBeLessThan(3_600);
  expect(source.closed).toBe(true);
  expect(await stage.filesLeft()).toEqual([]);
  expect(await stage.recorders()).toEqual([]);
  await expect(capture.stop()).rejects.toMatchObject({ code: 'wrong_state' });
});

test('a stop before the start leaves nothing', async () => {
  const { capture } = await stage.armed();
  await expect(capture.stop()).rejects.toMatchObject({ code: 'media_missing' });
  expect(await stage.filesLeft()).toEqual([]);
});

test('two takes at once; a third finds no ports', async () => {
  const takes = await Promise.all([stage.armed(), stage.armed({ video: 'vp8' })]);
  const third = await stage.source();
  await expect(stage.recorder.arm({ sessionId: 'a', takeId: 'b', source: third })).rejects.toMatchObject({
    code: 'busy',
  });
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
  const full = stage.another({ minFreeBytes: Number.MAX_SAFE_INTEGER });
  const source = await stage.source();
  await expect(full.arm({ sessionId: 'a', takeId: 'b', source })).rejects.toMatchObject({ code: 'disk_full' });
  await expect(stage.recorder.arm({ sessionId: '..', takeId: 'b', source })).rejects.toMatchObject({
    code: 'bad_request',
  });
  await expect(stage.recorder.open('a', '../b')).rejects.toMatchObject({ code: 'bad_request' });
});

test('twenty takes in a row leave nothing behind', async () => {
  const descriptors = async () => (await readdir('/proc/self/fd')).length;
  const source = await stage.source();
  let before = 0;
  for (let i = 0; i < 20; i += 1) {
    const capture = await stage.recorder.arm({ sessionId: 'session', takeId: `take-${i}`, source });
    await capture.start();
    if (i % 2 === 0) await capture.stop();
    else await capture.abort();
    if (i === 1) before = await descriptors();
  }
  expect(await descriptors()).toBeLessThanOrEqual(before);
  expect(await stage.recorders()).toEqual([]);
  expect((await stage.filesLeft()).length).toBe(10);
  await stage.recorder.removeSession('session');
  expect(await stage.filesLeft()).toEqual([]);
});
