import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import type { SessionView } from '#protocol/session.ts';
import { makeCapture } from '#test/fixtures/captures.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';
import {
  enter,
  makeInterview,
  putCapture,
  read,
  seen,
  startJobs,
  takeEvents,
  WatchedClock,
  type Jobs,
  type JobsServer,
} from './jobs-harness.ts';

const HOUR_MS = 3_600_000;
/** The longest wait between two tries. */
const LONGEST_WAIT_MS = 300_000;
const GIVEN_UP = 'an answer could not be saved: its capture is kept, and the next start tries again';
const keep = closeAfterAll();
let jobs: Jobs;
let good: string;
beforeAll(async () => {
  jobs = await keep(startJobs());
  good = await makeCapture(join(jobs.folder, 'good.mp4'), { seconds: 1 });
}, STORE_START_TIMEOUT_MS);

const isSettled = (view: SessionView) => view.publishing.every(({ state }) => state === 'safe' || state === 'failed');
const isStored = (view: SessionView) => view.state === 'stored';

/** Answers each of `questions` questions; a capture is whole unless its number is among the damaged. */
async function answered(server: JobsServer, questions: number, damaged: readonly number[] = []) {
  const { slug, key } = await makeInterview(jobs, { questions });
  const id = await enter(server, slug);
  await server.service.handle(id, { type: 'start' });
  const files: string[] = [];
  for (let number = 1; number <= questions; number += 1) {
    const questionId = `question${number}`;
    await server.service.handle(id, { type: 'open', questionId });
    for (const event of takeEvents(`take0${number}`, questionId)) await server.report(id, event);
    const file = await putCapture(jobs, id, `take0${number}`);
    if (!damaged.includes(number)) await copyFile(good, file);
    files.push(file);
  }
  return { id, key, files };
}

/** Lets waits between tries pass until `end` is there. */
async function passWaits(clock: WatchedClock, end: Promise<unknown>): Promise<number> {
  const over = end.then(() => 'over' as const);
  const startedAt = clock.now();
  while ((await Promise.race([over, clock.armed()])) !== 'over') clock.advance(LONGEST_WAIT_MS);
  return clock.now() - startedAt;
}

/** The keys of every video whose key contains `part`. */
async function videosOf(part: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of jobs.storage.list('')) if (key.includes(part)) keys.push(key);
  return keys;
}

test('a damaged capture is given up after some tries, marked, kept, and tried again by the next start', async () => {
  const clock = new WatchedClock();
  const first = jobs.server({ clock });
  const { id, files, key } = await answered(first, 2, [1]);
  const settled = seen(first, id, isSettled);
  await first.service.handle(id, { type: 'submit' });
  await passWaits(clock, settled);
  const view = await settled;
  expect(view.state).toBe('submitting');
  expect(view.publishing.map(({ state }) => state)).toEqual(['failed', 'safe']);
  expect(await jobs.recorder.open(id, 'take01')).not.toBeNull();
  expect(await jobs.recorder.open(id, 'take02')).toBeNull();
  expect(await videosOf(id)).toEqual([`${key.organisationId}/${key.id}/${id}/question2.mp4`]);
  await first.close();
  expect(first.errors()).toEqual([GIVEN_UP]);
  expect(clock.pending).toBe(0);

  const second = jobs.server({ clock });
  const tried = seen(second, id, isSettled);
  await second.service.resume(clock.now());
  await tried;
  await second.close();
  expect(second.errors()).toEqual([GIVEN_UP]);

  await copyFile(good, files[0] ?? '');
  const third = jobs.server({ clock });
  const stored = seen(third, id, isStored);
  await third.service.resume(clock.now());
  expect((await stored).publishing.map(({ state }) => state)).toEqual(['safe', 'safe']);
  expect(await jobs.recorder.list()).not.toContain(id);
  expect(third.errors()).toEqual([]);
  await third.close();
});

/** Whether the recorder has a file of each take. */
const kept = (id: string, ...takeIds: string[]) =>
  Promise.all(takeIds.map(async (takeId) => (await jobs.recorder.open(id, takeId)) !== null));

test('the other takes of a question are kept until its pick is safe, and for good when it cannot be saved', async () => {
  const clock = new WatchedClock();
  const server = jobs.server({ clock });
  const { id } = await answered(server, 2, [1]);
  for (const [questionId, takeId] of [
    ['question1', 'spare1'],
    ['question2', 'spare2'],
  ] as const) {
    await server.service.handle(id, { type: 'open', questionId });
    for (const event of takeEvents(takeId, questionId)) await server.report(id, event);
    await copyFile(good, await putCapture(jobs, id, takeId));
    await server.service.handle(id, { type: 'pick', questionId, takeId: questionId.replace('question', 'take0') });
  }
  const settled = seen(server, id, isSettled);
  await server.service.handle(id, { type: 'submit' });
  await passWaits(clock, settled);
  expect((await settled).publishing.map(({ state }) => state)).toEqual(['failed', 'safe']);
  await server.close();
  expect(await kept(id, 'take01', 'spare1', 'take02', 'spare2')).toEqual([true, true, false, false]);
});

test('a file that cannot be deleted keeps no answer from being saved', async () => {
  const clock = new WatchedClock();
  let broken = true;
  const stuck = (takeId: string) => broken && takeId === 'take01';
  const remove = (sessionId: string, takeId: string) =>
    stuck(takeId)
      ? Promise.reject(new AppError('unavailable', 'The file is held.'))
      : jobs.recorder.remove(sessionId, takeId);
  const server = jobs.server({ clock, recorder: { remove } });
  const { id } = await answered(server, 2);
  const safe = seen(server, id, (view) => view.publishing.every(({ state }) => state === 'safe'));
  await server.service.handle(id, { type: 'submit' });
  expect((await safe).state).toBe('submitting');
  await clock.armed();
  expect(await kept(id, 'take01', 'take02')).toEqual([true, false]);
  const stored = seen(server, id, isStored);
  broken = false;
  await passWaits(clock, stored);
  expect(await jobs.recorder.list()).not.toContain(id);
  await server.close();
});

test('a storage that is away for hours is waited for', async () => {
  const clock = new WatchedClock();
  const backAt = clock.now() + 2 * HOUR_MS;
  const check = () =>
    clock.now() < backAt ? Promise.reject(new AppError('unavailable', 'The storage is away.')) : jobs.storage.check();
  const server = jobs.server({ clock, storage: { check } });
  const { id } = await answered(server, 1);
  const retrying = new Promise<void>((resolve) => {
    const stop = server.service.subscribe(id, {
      state: () => undefined,
      progress(publishing) {
        if (publishing[0]?.state !== 'retrying') return;
        stop();
        resolve();
      },
    });
  });
  const stored = seen(server, id, isStored);
  await server.service.handle(id, { type: 'submit' });
  await retrying;
  expect(await passWaits(clock, stored)).toBeLessThan(3 * HOUR_MS);
  expect(server.errors()).toEqual([]);
  expect((await read(jobs, id)).questions[0]?.takes[0]).toMatchObject({ state: 'stored', publishFailedAt: null });
  await server.close();
});

test('deleting an interview does not wait for what cannot be saved', async () => {
  const clock = new WatchedClock();
  const put = () => Promise.reject(new AppError('unavailable', 'The storage is away.'));
  const server = jobs.server({ clock, storage: { put } });
  const { id, key } = await answered(server, 1);
  await server.service.handle(id, { type: 'submit' });
  await clock.armed();
  await server.editor.remove(key);
  expect(await jobs.sessions.get(id)).toBeNull();
  expect(await jobs.recorder.list()).not.toContain(id);
  expect(clock.pending).toBe(0);
  await server.close();
});

test('answers of which one cannot be saved can be deleted, also while it is tried again', async () => {
  const clock = new WatchedClock();
  const server = jobs.server({ clock });
  const { id } = await answered(server, 2, [2]);
  await server.service.handle(id, { type: 'submit' });
  await expect(server.parts.deleteAnswers(id)).rejects.toMatchObject({ code: 'wrong_state' });
  const settled = seen(server, id, isSettled);
  await passWaits(clock, settled);
  await server.close();

  const again = jobs.server({ clock });
  await again.service.resume(clock.now());
  await again.parts.deleteAnswers(id);
  expect(await read(jobs, id)).toMatchObject({ state: 'stored', answersDeletedAt: clock.now(), erasing: [] });
  expect(await jobs.recorder.list()).not.toContain(id);
  expect(await videosOf(id)).toEqual([]);
  await again.close();
});
