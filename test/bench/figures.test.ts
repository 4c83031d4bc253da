import { expect, test } from 'vitest';
import { figuresOf, quantile } from './figures.ts';

test('a quantile is one of the values, whatever their order', () => {
  const twenty = Array.from({ length: 20 }, (_, i) => 20 - i);
  expect([quantile(twenty, 0.5), quantile(twenty, 0.95), quantile(twenty, 1)]).toEqual([10, 19, 20]);
  expect(quantile([7], 0.95)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow('nothing to measure');
});

test('each measure becomes a median and a 95th percentile', () => {
  const take = {
    tapToReadyMs: 10.4,
    lateGoMs: 12,
    stopToReplayableMs: 90,
    captureBytes: 4_000_000,
    firstFrameAfterGoMs: -8,
  };
  const figures = figuresOf([take, take]);
  expect(figures.map(({ name, value, unit, n }) => `${name} ${value} ${unit} ${n}`)).toEqual([
    'tap_to_ready_ms 10 ms 2',
    'tap_to_ready_p95_ms 10 ms 2',
    'late_go_ms 12 ms 2',
    'late_go_p95_ms 12 ms 2',
    'stop_to_replayable_ms 90 ms 2',
    'stop_to_replayable_p95_ms 90 ms 2',
    'capture_bytes_30s 4000000 bytes 2',
    'capture_bytes_30s_p95 4000000 bytes 2',
    'first_frame_after_go_ms -8 ms 2',
    'first_frame_after_go_p95_ms -8 ms 2',
  ]);
});
