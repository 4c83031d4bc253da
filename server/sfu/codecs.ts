import type { Router, RouterRtpCodecCapability, RtpCapabilities } from 'mediasoup/types';

/** What a session's router takes: the codecs that the recorder can write without transcoding. */
export const MEDIA_CODECS: RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, parameters: { useinbandfec: 1 } },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000 },
];

const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation';

/**
 * What a browser is told that it may send. Without the orientation extension, which no recorder obeys, the browser
 * turns its frames upright before it encodes them.
 */
export function senderCapabilities(router: Router): RtpCapabilities {
  const { codecs = [], headerExtensions = [] } = router.rtpCapabilities;
  return { codecs, headerExtensions: headerExtensions.filter(({ uri }) => uri !== VIDEO_ORIENTATION) };
}

/**
 * What the recorder takes: bare media. It sends no feedback, so there is nothing to retransmit, to probe or to adapt
 * and the worker need keep no packets for it.
 */
export function recorderCapabilities(router: Router): RtpCapabilities {
  const codecs = (router.rtpCapabilities.codecs ?? [])
    .filter(({ mimeType }) => !mimeType.toLowerCase().endsWith('/rtx'))
    .map((codec) => ({ ...codec, rtcpFeedback: [] }));
  return { codecs, headerExtensions: [] };
}
