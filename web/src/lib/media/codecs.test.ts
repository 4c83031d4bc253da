import { expect, test } from 'vitest';
import { chooseVideoCodec, type Codec } from './codecs.ts';

const h264 = (profile: string, mode: number): Codec => ({
  kind: 'video',
  mimeType: 'video/H264',
  parameters: { 'profile-level-id': profile, 'packetization-mode': mode },
});
const vp8: Codec = { kind: 'video', mimeType: 'video/VP8', parameters: {} };
const rtx: Codec = { kind: 'video', mimeType: 'video/rtx', parameters: { apt: 96 } };

test('prefers constrained baseline, whatever the order', () => {
  const baseline = h264('42e01f', 1);
  expect(chooseVideoCodec([vp8, rtx, h264('640c1f', 1), h264('42001f', 1), baseline])).toBe(baseline);
});

test('takes VP8 when H.264 is missing or only in single-packet mode', () => {
  expect(chooseVideoCodec([h264('42e01f', 0), vp8])).toBe(vp8);
  expect(chooseVideoCodec([rtx, vp8])).toBe(vp8);
  expect(chooseVideoCodec([rtx])).toBeUndefined();
});
