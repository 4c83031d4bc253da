import { expect, test } from 'vitest';
import { createDamageReport } from './capture-damage.ts';

const MISSED = '[sdp @ 0x55] RTP: missed 3 packets';

test('tells when packets were missed, losses close together as one', () => {
  let now = 10_000;
  const report = createDamageReport(() => now);
  report.line('frame=  143 fps= 30 q=-1.0');
  report.line('[sdp @ 0x55] max delay reached. need to consume packet');
  expect(report.since(8_000)).toEqual([]);
  report.line(MISSED);
  now += 900;
  report.line(MISSED);
  now += 900;
  report.line(MISSED);
  now += 5_000;
  report.line(MISSED);
  // 400 ms were spent waiting for each.
  expect(report.since(8_000)).toEqual([1_600, 8_400]);
  expect(report.since(10_000)).toEqual([0, 6_400]);
});

test('stops counting where nobody could tell the places apart', () => {
  let now = 0;
  const report = createDamageReport(() => now);
  for (let i = 0; i < 500; i += 1) {
    now += 2_000;
    report.line(MISSED);
  }
  expect(report.since(0)).toHaveLength(100);
});
