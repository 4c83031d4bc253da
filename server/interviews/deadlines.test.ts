import { expect, test } from 'vitest';
import { ManualClock } from '#server/clock.ts';
import { createLogger } from '#server/log.ts';
import { fresh, play, STARTED, T0 } from '#test/fixtures/sessions.ts';
import { createDeadlines } from './deadlines.ts';
import { deadlineOf } from './session.ts';

const { session } = play(fresh(), ...STARTED);
const msToDeadline = (deadlineOf(session) ?? 0) - T0;

function setUp(due: () => Promise<void>) {
  const clock = new ManualClock(T0);
  return { clock, deadlines: createDeadlines({ clock, log: createLogger('silent'), due }) };
}

test('a deadline is told at its instant, and tried again until it is written', async () => {
  const told: number[] = [];
  const { clock, deadlines } = setUp(() => {
    told.push(clock.now());
    return told.length < 3 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
  });
  deadlines.schedule(session);
  deadlines.schedule(session);
  clock.advance(msToDeadline);
  for (const tries of [2, 3]) {
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(1_000);
    expect(told).toHaveLength(tries);
  }
  expect(told.map((at) => at - (deadlineOf(session) ?? 0))).toEqual([0, 1_000, 2_000]);
  deadlines.close();
});

test('nothing is armed once it is closed, neither anew nor by what was under way', async () => {
  const writing = Promise.withResolvers<void>();
  const { clock, deadlines } = setUp(() => writing.promise);
  deadlines.schedule(session);
  clock.advance(msToDeadline);
  deadlines.close();
  writing.reject(new Error('the database is closed'));
  await writing.promise.catch(() => undefined);
  deadlines.schedule(session);
  await Promise.resolve();
  expect(clock.pending).toBe(0);
});
