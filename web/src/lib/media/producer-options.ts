import type { Device, types } from 'mediasoup-client';
import { ApiError } from '../api-error.ts';
import { chooseVideoCodec } from './codecs.ts';

const VIDEO_MAX_BITS_PER_S = 1_000_000;
/** Without it the first seconds of a take are blurred: congestion control starts at 300 kb/s. */
const VIDEO_START_KBITS_PER_S = 800;
const AUDIO_BITS_PER_S = 56_000;

/**
 * How the camera is sent.
 * @throws ApiError `media_unsupported` when the browser sends no video that can be recorded
 */
export function videoOptions(track: MediaStreamTrack, device: Device): types.ProducerOptions {
  const codec = chooseVideoCodec(device.sendRtpCapabilities.codecs ?? []);
  if (!codec)
    throw new ApiError({ code: 'media_unsupported', message: 'This browser sends no video that can be recorded' });
  return {
    track,
    stopTracks: false,
    disableTrackOnPause: false,
    codec,
    // One encoding: the recorder takes what comes, and simulcast would only cost upload.
    encodings: [{ maxBitrate: VIDEO_MAX_BITS_PER_S, maxFramerate: 30 }],
    codecOptions: { videoGoogleStartBitrate: VIDEO_START_KBITS_PER_S },
  };
}

/** How the microphone is sent. */
export function audioOptions(track: MediaStreamTrack): types.ProducerOptions {
  return {
    track,
    stopTracks: false,
    disableTrackOnPause: false,
    codecOptions: {
      opusStereo: false,
      opusFec: true,
      // Silence is sent as well: the recorder copies packets, and a gap in them is a gap in the file.
      opusDtx: false,
      opusMaxAverageBitrate: AUDIO_BITS_PER_S,
    },
  };
}

/** A size that changes in mid-take forces a transcode, so a weak line costs frames and not pixels. */
export async function keepResolution(sender: RTCRtpSender): Promise<void> {
  try {
    const parameters: RTCRtpSendParameters & { degradationPreference?: string } = sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await sender.setParameters(parameters);
  } catch {
    // A wish only: not every browser knows it.
  }
}
