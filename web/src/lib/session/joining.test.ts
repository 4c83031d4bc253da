import { afterEach, expect, test, vi } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import { ApiError } from '../api-error.ts';
import { Joining } from './joining.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Answer = 'joined' | ErrorCode | 'offline';

function setUp(answers: Answer[]) {
  vi.useFakeTimers();
  const seen: unknown[] = [];
  const at: number[] = [];
  const begun = Date.now();
  const joining = new Joining({
    join: async () => {
      at.push(Date.now() - begun);
      const answer = answers.shift() ?? 'joined';
      if (answer !== 'joined') throw new ApiError({ code: answer, message: 'refused' });
    },
    onState: (state) => seen.push(state),
    onRefused: (error) => seen.push(error instanceof ApiError ? error.code : error),
  });
  return { joining, seen, at };
}

test('goes on until joined, less and less often', async () => {
  const { joining, seen, at } = setUp(['unavailable', 'offline', 'internal', 'busy', 'unavailable', 'unavailable']);
  joining.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual(['none', 'trying', ...Array<string>(6).fill('waiting'), 'joined']);
  expect(at).toEqual([0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000]);
});

test('a word on whose session it is, is final', async () => {
  const { joining, seen, at } = setUp(['forbidden']);
  joining.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual(['none', 'trying', 'refused', 'forbidden']);
  expect(at).toEqual([0]);
});

test('a lost connection ends the tries, and the next one begins anew', async () => {
  const { joining, seen, at } = setUp(['unavailable']);
  joining.start();
  await vi.advanceTimersByTimeAsync(500);
  joining.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(at).toEqual([0]);
  joining.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual(['none', 'trying', 'waiting', 'none', 'none', 'trying', 'joined']);
});

test('an answer on a connection that is gone does not count', async () => {
  const seen: string[] = [];
  const answers: (() => void)[] = [];
  const joining = new Joining({
    join: () => new Promise((resolve) => answers.push(resolve)),
    onState: (state) => seen.push(state),
    onRefused: () => undefined,
  });
  joining.start();
  joining.stop();
  answers[0]?.();
  await Promise.resolve();
  expect(seen).toEqual(['none', 'trying', 'none']);
});
