import { beforeAll, expect, test } from 'vitest';
import { deadlineOf } from '#server/interviews/session.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { enter, makeInterview, read, startJobs, takeEvents, WatchedClock, type Jobs } from './jobs-harness.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';

const TOTAL_MS = 300_000;
const DOWN_MS = 60_000;
const keep = closeAfterAll();
let jobs: Jobs;
beforeAll(async () => {
  jobs = await keep(startJobs());
}, STORE_START_TIMEOUT_MS);

/** Begins to beat, and waits until the first sign of life is written and the next one is due. */
async function beginBeating(server: ReturnType<Jobs['server']>, clock: WatchedClock): Promise<void> {
  server.heartbeat.start();
  await clock.armed();
}

async function runningSession(server: ReturnType<Jobs['server']>): Promise<string> {
  const { slug } = await makeInterview(jobs);
  const id = await enter(server, slug);
  await server.service.handle(id, { type: 'start' });
  return id;
}

/** A server starts on what another has left; the clock of one that was killed stands still for ever. */
async function startAgain(clock: WatchedClock) {
  const server = jobs.server({ clock });
  await server.service.resume((await jobs.heartbeats.last()) ?? clock.now());
  return server;
}

test('a killed server gives back the time since its last sign of life, once', async () => {
  const killedClock = new WatchedClock();
  const before = jobs.server({ clock: killedClock });
  await beginBeating(before, killedClock);
  const id = await runningSession(before);
  for (const event of takeEvents('take01', 'question1').slice(0, 2)) await before.report(id, event);
  const deadline = killedClock.now() + TOTAL_MS;
  expect(deadlineOf(await read(jobs, id))).toBe(deadline);

  const clock = new WatchedClock(killedClock.now() + DOWN_MS);
  const first = await startAgain(clock);
  const session = await read(jobs, id);
  expect(session.adjustments).toEqual([{ reason: 'server_down', ms: DOWN_MS, at: clock.now() }]);
  expect(deadlineOf(session)).toBe(deadline + DOWN_MS);
  expect(session.questions[0]?.takes[0]).toMatchObject({ state: 'stopping', stopReason: 'server_stopped' });

  // It ends before it has given a sign of life, and starts again: the same time is not given twice.
  await first.close();
  const second = await startAgain(clock);
  expect((await read(jobs, id)).adjustments).toHaveLength(1);
  await second.close();
  clock.advance(5_000);
  const third = await startAgain(clock);
  expect(deadlineOf(await read(jobs, id))).toBe(deadline + DOWN_MS + 5_000);
  await third.close();
});

test('a server that was stopped counts as away from the moment it was told to', async () => {
  const clock = new WatchedClock();
  const before = jobs.server({ clock });
  await beginBeating(before, clock);
  const id = await runningSession(before);
  const deadline = clock.now() + TOTAL_MS;
  clock.advance(300);
  await before.heartbeat.stop();
  expect(await jobs.heartbeats.last()).toBe(clock.now());
  await before.close();
  clock.advance(DOWN_MS);
  const after = await startAgain(clock);
  expect(deadlineOf(await read(jobs, id))).toBe(deadline + DOWN_MS);
  await after.close();
  expect(clock.pending).toBe(0);
});

test('a deadline that passed before the server went stays passed', async () => {
  const clock = new WatchedClock();
  const before = jobs.server({ clock });
  const id = await runningSession(before);
  const deadline = clock.now() + TOTAL_MS;
  before.service.close();
  clock.advance(TOTAL_MS + 1);
  await jobs.heartbeats.beat(clock.now());
  clock.advance(DOWN_MS);
  const after = await startAgain(clock);
  expect(await read(jobs, id)).toMatchObject({ adjustments: [], submittedAt: deadline + 1 });
  await before.close();
  await after.close();
});

test('the first start of all gives back nothing', async () => {
  const clock = new WatchedClock();
  const fresh = await startJobs();
  try {
    expect(await fresh.heartbeats.last()).toBeNull();
    const server = fresh.server({ clock });
    await server.service.resume(clock.now());
    await server.close();
  } finally {
    await fresh.close();
  }
});
