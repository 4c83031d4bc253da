import { expect, test } from 'vitest';
import { captureSdp } from './sdp.ts';
import type { RtpStream } from './source.ts';

const video: RtpStream = {
  kind: 'video',
  codec: 'h264',
  payloadType: 101,
  clockRate: 90_000,
  fmtp: 'packetization-mode=1',
  ssrc: 1,
};
const audio: RtpStream = {
  kind: 'audio',
  codec: 'opus',
  payloadType: 100,
  clockRate: 48_000,
  channels: 2,
  fmtp: '',
  ssrc: 2,
};

test('picture and sound, each on its port', () => {
  const lines = captureSdp({ video, audio }, { video: 5000, audio: 5002 }).split('\r\n');
  expect(lines).toEqual([
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=take', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...['m=video 5000 RTP/AVP 101', 'a=rtpmap:101 H264/90000', 'a=fmtp:101 packetization-mode=1', 'a=recvonly'],
    ...['m=audio 5002 RTP/AVP 100', 'a=rtpmap:100 opus/48000/2', 'a=recvonly', ''],
  ]);
});

test('a protected stream', () => {
  const lines = captureSdp({ video: { ...video, srtpKey: 'KEY' }, audio }, { video: 5000, audio: 5002 }).split('\r\n');
  expect(lines).toContain('m=video 5000 RTP/SAVP 101');
  expect(lines).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY');
  expect(lines).toContain('m=audio 5002 RTP/AVP 100');
});

test('parameters that would be lines of their own are refused', () => {
  for (const fmtp of ['x=1\r\nm=video 5004 RTP/AVP 101', 'x=1\nc=IN IP4 203.0.113.9', 'x=\u2028', 'x=\0']) {
    expect(() => captureSdp({ video: { ...video, fmtp }, audio }, { video: 5000, audio: 5002 })).toThrow('parameters');
  }
});

test('a picture alone', () => {
  expect(captureSdp({ video, audio: null }, { video: 5000, audio: null })).not.toContain('m=audio');
});
