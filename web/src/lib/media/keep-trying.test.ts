import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepTrying } from './keep-trying.ts';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function counted() {
  const window = new EventTarget();
  const attempt = vi.fn(() => Promise.resolve());
  return { window, attempt, end: keepTrying({ attempt, online: window }) };
}

test('it tries soon, and ever more seldom, but not for ever', async () => {
  const { attempt } = counted();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(attempt).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(attempt).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(attempt).toHaveBeenCalledTimes(13);
  expect(vi.getTimerCount()).toBe(0);
});

test('it tries at once when the network is back, and no more after its end', async () => {
  const { window, attempt, end } = counted();
  window.dispatchEvent(new Event('online'));
  expect(attempt).toHaveBeenCalledTimes(1);
  end();
  window.dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(HOUR_MS);
  expect(attempt).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});
