import { expect, test } from 'vitest';
import { delayMs } from './track.ts';

test.each([
  { name: 'on time', ms: 20, ticks: 1_800, expected: 0 },
  { name: 'late', ms: 50, ticks: 1_800, expected: 30 },
  { name: 'early', ms: 5, ticks: 1_800, expected: -15 },
  { name: 'an earlier packet that came later', ms: 40, ticks: -1_800, expected: 60 },
])('how much later a packet came than another: $name', ({ ms, ticks, expected }) => {
  for (const timestamp of [0, 1_000_000, 2 ** 32 - 900]) {
    const reference = { atMs: 10_000, rtpTimestamp: timestamp };
    const arrival = { atMs: 10_000 + ms, rtpTimestamp: (timestamp + ticks + 2 ** 32) % 2 ** 32 };
    expect(delayMs(arrival, reference, 90_000)).toBeCloseTo(expected, 6);
  }
});
