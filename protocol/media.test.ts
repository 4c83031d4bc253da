import { expect, test } from 'vitest';
import { rtpParameters } from './media.ts';

const codec = (parameters: object) => ({
  codecs: [{ mimeType: 'video/H264', payloadType: 102, clockRate: 90_000, parameters }],
});

test('what browsers send as format parameters is taken', () => {
  const sent = { 'level-asymmetry-allowed': 1, 'packetization-mode': 1, 'profile-level-id': '42e01f' };
  const sound = { minptime: 10, useinbandfec: 1, 'sprop-stereo': 0, usedtx: 0, maxaveragebitrate: 56_000 };
  for (const parameters of [sent, sound, { apt: 102 }, { 'sprop-parameter-sets': 'Z0LAHg==,aM4G4g==' }]) {
    expect(rtpParameters.safeParse(codec(parameters)).success).toBe(true);
  }
});

test.each([
  { x: '1\r\nm=video 5004 RTP/AVP 101' },
  { x: '1\nc=IN IP4 203.0.113.9' },
  { 'x\r\na': 1 },
  { x: '\0' },
  { x: 'a b' },
  { x: 'y'.repeat(1_025) },
])('what would be more than a parameter of a line is refused: %j', (parameters) => {
  const parsed = rtpParameters.safeParse(codec(parameters));
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues[0]?.path.slice(0, 3)).toEqual(['codecs', 0, 'parameters']);
});
