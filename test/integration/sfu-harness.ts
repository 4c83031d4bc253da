import { onTestFinished } from 'vitest';
import type { RtpParameters } from '#protocol/media.ts';
import { createLogger } from '#server/log.ts';
import { createWorkers, type Workers, type WorkersOptions } from '#server/sfu/workers.ts';
import { freePorts } from '#test/support/ports.ts';
import { findTool } from '#test/support/tools.ts';

/** Sources of the recorder send from these; four ports each. */
const PLAIN_PORTS = 24;

export const log = createLogger('silent');

/** Real workers on free ports, ended with the test. */
export async function startWorkers(options: Partial<WorkersOptions> = {}): Promise<Workers> {
  const count = options.count ?? 1;
  const first = await freePorts(count + PLAIN_PORTS);
  const workers = await createWorkers({
    count,
    workerBin: findTool('MEDIASOUP_WORKER_BIN', 'mediasoup-worker-3.27.1'),
    rtcListenIp: '127.0.0.1',
    announcedAddress: '127.0.0.1',
    rtcPortMin: first,
    plainPortRange: { min: first + count, max: first + count + PLAIN_PORTS - 1 },
    log,
    ...options,
  });
  onTestFinished(() => workers.close());
  return workers;
}

const H264 = { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 };

/** What a browser sends for a camera, less what no test looks at. */
export function h264Track(ssrc: number): RtpParameters {
  return {
    mid: '0',
    codecs: [
      {
        mimeType: 'video/H264',
        payloadType: 102,
        clockRate: 90_000,
        parameters: H264,
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
      },
    ],
    encodings: [{ ssrc }],
    rtcp: { cname: 'camera' },
  };
}

/** What a browser sends for a microphone. */
export function opusTrack(ssrc: number): RtpParameters {
  return {
    mid: '1',
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
      },
    ],
    encodings: [{ ssrc }],
    rtcp: { cname: 'camera' },
  };
}

/** A certificate fingerprint as a browser announces it; nobody holds the certificate. */
export const FINGERPRINT = {
  algorithm: 'sha-256' as const,
  value: Array.from({ length: 32 }, (_, byte) => (byte + 16).toString(16).toUpperCase()).join(':'),
};
