import { expect, test } from 'vitest';
import { alignReports, byePacket, senderReportPacket } from './capture-rtcp.ts';

test('a BYE is as long as an RTP header', () => {
  expect(byePacket(0xa1b2c3d4).toString('hex')).toBe('81cb0002a1b2c3d403656e64');
});

test('a sender report without blocks', () => {
  const packet = senderReportPacket({ ssrc: 1, ntpSeconds: 2, ntpFraction: 3, rtpTimestamp: 4 });
  expect(packet.toString('hex')).toBe('80c80006' + '00000001' + '00000002' + '00000003' + '00000004' + '0'.repeat(16));
});

test('reports are moved to the newest instant, over the end of the timestamps', () => {
  const old = { ssrc: 1, ntpSeconds: 100, ntpFraction: 2 ** 31, rtpTimestamp: 2 ** 32 - 45_000 };
  const recent = { ssrc: 2, ntpSeconds: 102, ntpFraction: 0, rtpTimestamp: 7 };
  const clockRates = new Map([
    [1, 90_000],
    [2, 48_000],
  ]);
  expect(alignReports([old, recent], clockRates)).toEqual([
    { ssrc: 1, ntpSeconds: 102, ntpFraction: 0, rtpTimestamp: 90_000 },
    recent,
  ]);
  expect(alignReports([], clockRates)).toEqual([]);
});
