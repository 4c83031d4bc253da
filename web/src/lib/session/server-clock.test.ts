import { expect, test } from 'vitest';
import { ServerClock } from './server-clock.ts';

function clockAt(start: number) {
  let monotonic = start;
  const clock = new ServerClock({ monotonicNow: () => monotonic });
  return { clock, pass: (ms: number) => (monotonic += ms) };
}

test('believes the quickest round trip', () => {
  const { clock, pass } = clockAt(1_000);
  let mark = clock.mark();
  pass(400);
  clock.observe(mark, 50_000);
  expect(clock.now()).toBe(50_200);

  mark = clock.mark();
  pass(20);
  clock.observe(mark, 50_250);
  expect(clock.now()).toBe(50_260);

  mark = clock.mark();
  pass(1_000);
  clock.observe(mark, 50_900);
  expect(clock.now()).toBe(51_260);
});

test('goes on by the monotonic clock alone', () => {
  const { clock, pass } = clockAt(0);
  expect(clock.now()).toBeNull();
  clock.atLeast(9_000);
  pass(1_500);
  expect(clock.now()).toBe(10_500);
});

test('a message from the server can only move it forward', () => {
  const { clock } = clockAt(0);
  clock.observe(clock.mark(), 10_000);
  clock.atLeast(9_000);
  expect(clock.now()).toBe(10_000);
  clock.atLeast(10_300);
  expect(clock.now()).toBe(10_300);
});

test('starts afresh after a sleep', () => {
  const { clock, pass } = clockAt(0);
  clock.observe(clock.mark(), 10_000);
  clock.forget();
  expect(clock.now()).toBeNull();
  const mark = clock.mark();
  pass(200);
  clock.observe(mark, 70_000);
  expect(clock.now()).toBe(70_100);
});
