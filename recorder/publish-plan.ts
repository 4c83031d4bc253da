import type { Packets } from './probe-packets.ts';
import type { Probe, VideoStream } from './probe.ts';

/** How a capture becomes a published video. Times in milliseconds on the capture's timeline. */
export interface PublishPlan {
  /** Why the picture cannot be copied as it is; null when it can. */
  transcode: TranscodeReason | null;
  width: number;
  height: number;
  /** The first picture: it becomes the instant 0. */
  startMs: number;
  durationMs: number;
  /** Null where there is no sound to keep, so that silence takes its place. */
  audioChannels: 1 | 2 | null;
}

export type TranscodeReason =
  'codec' | 'damaged' | 'level' | 'pixels' | 'rotation' | 'size_changes' | 'shape' | 'too_large';

export const MAX_WIDTH = 720;
export const MAX_HEIGHT = 1280;
/** Level 4.0, what any phone of the last ten years decodes in hardware. */
const MAX_LEVEL = 40;
const PROFILES = ['Constrained Baseline', 'Baseline', 'Main', 'High', 'Constrained High', 'Progressive High'];
const PIXEL_FORMATS = ['yuv420p', 'yuvj420p'];
/** Exact 9:16 with even sides comes in steps of 18x32; 40 of them make 720x1280. */
const STEP_WIDTH = 18;
const STEP_HEIGHT = 32;
const MAX_STEPS = 40;
/** 180x320. Some hardware decoders take nothing much smaller. */
const MIN_STEPS = 10;

type VideoPackets = NonNullable<Packets['video']>;

/**
 * Decides what is done with a capture: its picture is copied only if every player shows it as it is. Anything else is
 * transcoded once, to one pinned size: the largest exact 9:16 that the centre of the capture's largest picture fills,
 * so that nothing is blown up for nothing; between 180x320 and 720x1280. The largest and not the first picture, as a
 * browser under bandwidth adaptation starts small.
 * @param options.damaged not every picture decodes: the transcode mends them, as players may stop at one
 */
export function planPublish(
  video: VideoStream,
  packets: VideoPackets,
  sound: Sound,
  options: { damaged?: boolean } = {},
): PublishPlan {
  const transcode = reasonToTranscode(video, packets) ?? (options.damaged ? 'damaged' : null);
  const audioChannels = sound.span && sound.span.endMs > packets.startMs && sound.stream ? sound.stream.channels : 0;
  const endMs = Math.max(packets.endMs, sound.span?.endMs ?? 0);
  return {
    transcode,
    ...(transcode ? pinnedSize(video, packets) : { width: video.width, height: video.height }),
    startMs: packets.startMs,
    durationMs: endMs - packets.startMs,
    audioChannels: audioChannels === 0 ? null : audioChannels === 1 ? 1 : 2,
  };
}

export interface Sound {
  stream: Probe['audio'];
  span: Packets['audio'];
}

function reasonToTranscode(video: VideoStream, { sizes }: VideoPackets): TranscodeReason | null {
  if (video.codec !== 'h264' || !PROFILES.includes(video.profile ?? '')) return 'codec';
  if (!PIXEL_FORMATS.includes(video.pixelFormat ?? '')) return 'codec';
  if (video.level === null || video.level > MAX_LEVEL) return 'level';
  if (sizes.length !== 1) return 'size_changes';
  const { width, height, sar } = sizes[0] ?? video;
  // What a header says of the picture and what the picture says of itself can differ; players follow either.
  if (width !== video.width || height !== video.height) return 'size_changes';
  if (sar !== 1 || video.sar !== 1) return 'pixels';
  if (video.rotation !== 0) return 'rotation';
  // A pixel's tolerance: a browser that scales 720x1280 down rounds to 406x720 and the like.
  const portrait = Math.abs(width - (height * 9) / 16) <= 1;
  if (!portrait || width % 2 !== 0 || height % 2 !== 0) return 'shape';
  return width > MAX_WIDTH || height > MAX_HEIGHT ? 'too_large' : null;
}

function pinnedSize(video: VideoStream, { sizes }: VideoPackets): { width: number; height: number } {
  const sideways = video.rotation === 90 || video.rotation === 270;
  const steps = sizes.map((size) => {
    // A header's own aspect ratio wins over the picture's, as it does in ffmpeg.
    const sar = video.sar === 1 ? size.sar : video.sar;
    const across = size.width * sar;
    const [width, height] = sideways ? [size.height, across] : [across, size.height];
    return Math.floor(Math.min(width / STEP_WIDTH, height / STEP_HEIGHT));
  });
  const count = Math.min(MAX_STEPS, Math.max(MIN_STEPS, ...steps));
  return { width: count * STEP_WIDTH, height: count * STEP_HEIGHT };
}
