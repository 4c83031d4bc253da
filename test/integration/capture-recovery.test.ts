import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CaptureStage, TAKE_MS } from './capture-stage.ts';

const stage = new CaptureStage();

test('a killed recorder is noticed, and its take saved but for the last second', async () => {
  const { source, capture } = await stage.armed();
  await capture.start();
  await delay(TAKE_MS);
  const [pid] = await stage.recorders();
  const length = (source.passed.pictures * 1000) / 30;
  process.kill(pid ?? 0, 'SIGKILL');
  expect(await capture.ended).toBe('recorder_failed');
  const result = await capture.stop();
  expect(result.durationMs).toBeGreaterThan(length - 1_000);
});

test('an ffmpeg that a crashed server left is ended before its take is recovered or removed', async () => {
  const second = stage.another();
  const left = async () => {
    const take = await stage.armed();
    await take.capture.start();
    expect(await stage.recorders()).toHaveLength(1);
    return take;
  };
  const recovered = await left();
  expect(await second.recover(recovered.ids.sessionId, recovered.ids.takeId)).not.toBeNull();
  expect(await stage.recorders()).toEqual([]);
  await recovered.capture.abort();
  const removed = await left();
  await second.remove(removed.ids.sessionId, removed.ids.takeId);
  expect(await stage.recorders()).toEqual([]);
  await removed.capture.abort();
  const erased = await left();
  await second.removeSession(erased.ids.sessionId);
  expect(await stage.recorders()).toEqual([]);
  await erased.capture.abort();
  expect(await stage.filesLeft()).toEqual([`${recovered.ids.sessionId}/${recovered.ids.takeId}.mp4`]);
});

test('a process that has the number of an ended ffmpeg by now is left alone', async () => {
  const ids = { sessionId: randomUUID(), takeId: randomUUID() };
  const folder = join(stage.directory, ids.sessionId);
  await mkdir(folder);
  const journal = join(folder, `${ids.takeId}.journal.json`);
  for (const content of [
    JSON.stringify({ pid: process.pid, file: join(folder, `${ids.takeId}.part.mp4`) }),
    '{"pid":',
  ]) {
    await writeFile(journal, content);
    expect(await stage.recorder.recover(ids.sessionId, ids.takeId)).toBeNull();
    expect(await stage.filesLeft()).toEqual([]);
  }
});

test('a finished file that cannot be read is removed, and its take said to be lost', async () => {
  const ids = { sessionId: randomUUID(), takeId: randomUUID() };
  const folder = join(stage.directory, ids.sessionId);
  await mkdir(folder);
  for (const suffix of ['', '.part']) {
    for (const content of ['', 'no video']) {
      await writeFile(join(folder, `${ids.takeId}${suffix}.mp4`), content);
      expect(await stage.recorder.recover(ids.sessionId, ids.takeId)).toBeNull();
      expect(await stage.filesLeft()).toEqual([]);
    }
  }
});

test.each(['no-such-program', 'killed'])('a passing fault of ffprobe costs no take: %s', async (fault) => {
  const { ids, source, capture } = await stage.armed();
  await capture.start();
  await delay(TAKE_MS);
  const [pid] = await stage.recorders();
  process.kill(pid ?? 0, 'SIGKILL');
  await capture.ended;
  const ffprobePath = join(stage.directory, fault);
  if (fault === 'killed') await writeFile(ffprobePath, '#!/bin/sh\nkill -9 $$\n', { mode: 0o700 });
  const broken = stage.another({ ffprobePath });
  // The first recorder has freed everything, as a crash would have.
  await stage.end(source);
  await expect(broken.recover(ids.sessionId, ids.takeId)).rejects.toMatchObject({ code: 'recorder_failed' });
  expect(await broken.open(ids.sessionId, ids.takeId)).toBeNull();
  const result = await capture.stop();
  expect(result.durationMs).toBeGreaterThan(TAKE_MS - 1_000);
});

test('what a crash of the server left is recovered', async () => {
  const { ids, capture } = await stage.armed();
  await capture.start();
  await expect(stage.recorder.recover(ids.sessionId, ids.takeId)).rejects.toMatchObject({ code: 'wrong_state' });
  await delay(TAKE_MS);
  const second = stage.another();
  const result = await second.recover(ids.sessionId, ids.takeId);
  expect(result?.durationMs).toBeGreaterThan(TAKE_MS - 1_000);
  expect(await second.open(ids.sessionId, ids.takeId)).toMatchObject({ type: 'video/mp4' });
  await capture.abort();
  expect(await second.recover(ids.sessionId, randomUUID())).toBeNull();
  await second.remove(ids.sessionId, ids.takeId);
  expect(await second.open(ids.sessionId, ids.takeId)).toBeNull();
});
