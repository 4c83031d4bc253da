import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { ManualClock } from '#server/clock.ts';
import { FORGOTTEN_AFTER_MS } from '#server/interviews/sweep-rules.ts';
import { makeCapture } from '#test/fixtures/captures.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';
import { enter, makeInterview, putCapture, read, seen, startJobs, takeEvents, type Jobs } from './jobs-harness.ts';

const OUTAGE_MS = 10_000;
const keep = closeAfterAll();
let jobs: Jobs;
let good: string;
beforeAll(async () => {
  jobs = await keep(startJobs());
  good = await makeCapture(join(jobs.folder, 'good.mp4'), { seconds: 1 });
}, STORE_START_TIMEOUT_MS);

/** A server that crashed while the second of two questions was recorded; both takes have a file that plays. */
async function crashed(clock: ManualClock) {
  const server = jobs.server({ clock });
  const { slug } = await makeInterview(jobs, { questions: 2 });
  const id = await enter(server, slug);
  await server.service.handle(id, { type: 'start' });
  for (const event of takeEvents('take01', 'question1')) await server.report(id, event);
  await server.service.handle(id, { type: 'open', questionId: 'question2' });
  for (const event of takeEvents('take02', 'question2').slice(0, 2)) await server.report(id, event);
  for (const takeId of ['take01', 'take02']) await copyFile(good, await putCapture(jobs, id, takeId));
  await server.close();
  const awaySince = clock.now();
  clock.advance(OUTAGE_MS);
  return { id, awaySince };
}

const lastTake = async (id: string) => (await read(jobs, id)).questions[1]?.takes[0];

test('a take of which nothing can be read any more ends, and the other answers are saved and can be deleted', async () => {
  const clock = new ManualClock();
  const { id, awaySince } = await crashed(clock);
  const server = jobs.server({ clock, salvage: true, recorder: { recover: () => Promise.resolve(null) } });
  const freed = seen(server, id, (view) => view.questions[1]?.takes[0]?.state === 'failed');
  await server.service.resume(awaySince);
  expect((await freed).questions[1]).toMatchObject({ state: 'ready', takesLeft: 3, takes: [{ free: true }] });

  const stored = seen(server, id, (view) => view.state === 'stored');
  await server.service.handle(id, { type: 'submit' });
  expect((await stored).publishing).toMatchObject([{ questionId: 'question1', state: 'safe' }]);
  await server.parts.deleteAnswers(id);
  expect((await read(jobs, id)).answersDeletedAt).toBe(clock.now());
  await server.close();
});

test('a take that cannot be read for a moment is read by the sweep', async () => {
  const clock = new ManualClock();
  const { id, awaySince } = await crashed(clock);
  let faults = 1;
  const recover = (sessionId: string, takeId: string) => {
    if (faults === 0) return jobs.recorder.recover(sessionId, takeId);
    faults -= 1;
    return Promise.reject(new AppError('recorder_failed', 'The machine has no memory left.'));
  };
  const server = jobs.server({ clock, salvage: true, recorder: { recover } });
  await server.service.resume(awaySince);
  await expect.poll(() => server.errors()).toEqual(['effect failed']);
  expect(await lastTake(id)).toMatchObject({ state: 'stopping', stopReason: 'server_stopped' });

  clock.advance(FORGOTTEN_AFTER_MS);
  const found = seen(server, id, (view) => view.questions[1]?.takes[0]?.state === 'interrupted');
  await server.sweeper.sweep();
  expect((await found).questions[1]).toMatchObject({ state: 'reviewing', takesLeft: 3 });
  await server.close();
});

test('a take that can never be read does not keep its session from being deleted', async () => {
  const clock = new ManualClock();
  const { id, awaySince } = await crashed(clock);
  const recover = () => Promise.reject(new AppError('recorder_failed', 'The disk is broken.'));
  const server = jobs.server({ clock, salvage: true, recorder: { recover } });
  await server.service.resume(awaySince);
  clock.advance(300_000);
  await expect.poll(async () => (await read(jobs, id)).state).toBe('submitting');
  await server.sweeper.sweep();
  expect(await lastTake(id)).toMatchObject({ state: 'stopping' });
  await server.parts.deleteAnswers(id);
  expect(await read(jobs, id)).toMatchObject({ state: 'stored', answersDeletedAt: clock.now(), erasing: [] });
  expect(await jobs.recorder.list()).not.toContain(id);
  await server.close();
});
