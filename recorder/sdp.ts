import { AppError } from '#protocol/errors.ts';
import { SRTP_SUITE } from './srtcp.ts';
import type { RtpSource, RtpStream } from './source.ts';

/** Printable ASCII: a line break would make the rest of it a line that ffmpeg obeys. */
const ONE_LINE = /^[\x20-\x7e]*$/;
const ENCODING_NAMES = { h264: 'H264', vp8: 'VP8', opus: 'opus' } as const;

/**
 * Describes a take's streams to ffmpeg (RFC 8866), video first, each on its RTP port of 127.0.0.1.
 * @param rtpPorts even ports; ffmpeg takes the next one for RTCP
 * @throws AppError `bad_request` for parameters that would be more than their own line
 */
export function captureSdp(
  source: Pick<RtpSource, 'video' | 'audio'>,
  rtpPorts: { video: number; audio: number | null },
): string {
  const lines = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=take', 'c=IN IP4 127.0.0.1', 't=0 0'];
  lines.push(...mediaSection(source.video, rtpPorts.video));
  if (source.audio && rtpPorts.audio !== null) lines.push(...mediaSection(source.audio, rtpPorts.audio));
  return lines.map((line) => `${line}\r\n`).join('');
}

function mediaSection(stream: RtpStream, port: number): string[] {
  const { payloadType, fmtp, srtpKey } = stream;
  if (!ONE_LINE.test(fmtp)) throw new AppError('bad_request', 'The format parameters are no parameters.');
  const channels = stream.channels === undefined ? '' : `/${stream.channels}`;
  const section = [
    `m=${stream.kind} ${port} ${srtpKey ? 'RTP/SAVP' : 'RTP/AVP'} ${payloadType}`,
    `a=rtpmap:${payloadType} ${ENCODING_NAMES[stream.codec]}/${stream.clockRate}${channels}`,
  ];
  // RFC 4568.
  if (srtpKey) section.push(`a=crypto:1 ${SRTP_SUITE} inline:${srtpKey}`);
  if (fmtp) section.push(`a=fmtp:${payloadType} ${fmtp}`);
  return [...section, 'a=recvonly'];
}
