import { stat } from 'node:fs/promises';
import { AppError } from '#protocol/errors.ts';
import type { CaptureContainer } from './args.ts';
import { captureType, type CaptureType } from './capture-files.ts';
import type { WatchedCapture } from './capture-watch.ts';
import { probePackets } from './probe-packets.ts';
import type { ProbeOptions } from './probe-run.ts';

/** A capture that was read and found to be playable. */
export interface CaptureResult {
  file: string;
  type: CaptureType;
  /** From the first decodable picture to the last of picture and sound. */
  durationMs: number;
  bytes: number;
  hasAudio: boolean;
  /** Of the first picture, in pixels. */
  width: number;
  height: number;
  /** When packets are missing for good, in milliseconds from the first picture on; unknown, thus empty, after a crash. */
  damagedAtMs: number[];
}

/** What is known of a capture that was read to its last byte while it was written: nothing is read again. */
export function resultOf(file: string, container: CaptureContainer, watched: WatchedCapture): CaptureResult {
  const { video, audio, size, bytes } = watched;
  const endMs = Math.max(video.endMs, audio?.endMs ?? 0);
  return {
    file,
    type: captureType(container),
    durationMs: Math.round(endMs - video.startMs),
    bytes,
    hasAudio: audio !== null,
    ...size,
    damagedAtMs: [],
  };
}

/**
 * Reads what a recorder left, by its packets: neither its exit code nor the file's headers prove anything.
 * @throws AppError `media_missing` when no picture in it can be decoded, `recorder_failed` when that cannot be found
 * out now; the signal's reason when it is aborted
 */
export async function examineCapture(
  file: string,
  container: CaptureContainer,
  options: ProbeOptions,
): Promise<CaptureResult> {
  const { video, audio } = await probePackets(file, options).catch((cause: unknown) => {
    options.signal?.throwIfAborted();
    const unreadable = cause instanceof AppError && cause.code === 'media_unsupported';
    if (unreadable) throw new AppError('media_missing', 'The recording cannot be read.', { cause });
    throw new AppError('recorder_failed', 'The recording could not be examined.', { cause });
  });
  const size = video?.sizes[0];
  if (!video || !size) throw new AppError('media_missing', 'The recording has no picture.');
  const { size: bytes } = await stat(file);
  const { width, height } = size;
  return resultOf(file, container, {
    video: { ...video, packets: video.count },
    audio: audio && { ...audio, packets: audio.count },
    size: { width, height },
    bytes,
  });
}
