import * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import { isFaststart } from './probe-boxes.ts';
import { runFfprobe, type ProbeOptions } from './probe-run.ts';

export type { ProbeOptions } from './probe-run.ts';

export interface VideoStream {
  /** ffmpeg's name: `h264`, `vp8`. */
  codec: string;
  /** As ffprobe says it: `Constrained Baseline`, `High`. */
  profile: string | null;
  /** Ten times the level: 31 is level 3.1. */
  level: number | null;
  /** Pixels as coded, before sample aspect ratio and rotation. */
  width: number;
  height: number;
  /** Sample aspect ratio, 1 for square pixels and where nothing is said. */
  sar: number;
  /** Degrees by which a player turns the picture. */
  rotation: 0 | 90 | 180 | 270;
  avgFps: number | null;
  pixelFormat: string | null;
  colour: { range: string | null; space: string | null; primaries: string | null; transfer: string | null };
}

export interface AudioStream {
  /** ffmpeg's name: `opus`, `aac`. */
  codec: string;
  profile: string | null;
  sampleRate: number;
  channels: number;
}

/** What a file's headers claim. Its packets may say otherwise, see `probePackets`. */
export interface Probe {
  container: 'mp4' | 'matroska';
  bytes: number;
  /** Null where the recorder did not live to write it. */
  durationMs: number | null;
  video: VideoStream | null;
  audio: AudioStream | null;
  /** An MP4 whose index comes before its media. */
  faststart: boolean;
}

const PROBE_TIMEOUT_MS = 15_000;

const numeric = z.coerce.number().finite();
const ffprobeStream = z.object({
  codec_type: z.string().optional(),
  codec_name: z.string().default('unknown'),
  profile: z.coerce.string().optional(),
  level: z.number().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  sample_aspect_ratio: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  pix_fmt: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_primaries: z.string().optional(),
  color_transfer: z.string().optional(),
  sample_rate: numeric.optional(),
  channels: z.number().int().optional(),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
});
type FfprobeStream = z.infer<typeof ffprobeStream>;
const ffprobeReport = z.object({
  streams: z.array(ffprobeStream),
  format: z.object({ format_name: z.string(), size: numeric, duration: numeric.optional() }),
});

/**
 * Reads the headers of a recording.
 * @throws AppError `not_found` without a file, `media_unsupported` when it is no readable MP4 or Matroska,
 * `recorder_failed` when ffprobe cannot run or hangs; the signal's reason when it is aborted
 */
export async function probe(file: string, options: ProbeOptions): Promise<Probe> {
  const output: string[] = [];
  const stderr = await runFfprobe(file, {
    ...options,
    args: ['-show_streams', '-show_format', '-of', 'json'],
    timeoutMs: PROBE_TIMEOUT_MS,
    onLine: (line) => output.push(line),
  });
  const report = readReport(output.join('\n'), stderr);
  const container = report.format.format_name.split(',').includes('mp4') ? 'mp4' : 'matroska';
  const video = report.streams.find((stream) => stream.codec_type === 'video');
  const audio = report.streams.find((stream) => stream.codec_type === 'audio');
  return {
    container,
    bytes: report.format.size,
    durationMs: report.format.duration === undefined ? null : report.format.duration * 1000,
    video: video ? toVideo(video) : null,
    audio: audio ? toAudio(audio) : null,
    faststart: container === 'mp4' && (await isFaststart(file)),
  };
}

function readReport(text: string, stderr: string): z.infer<typeof ffprobeReport> {
  try {
    return ffprobeReport.parse(JSON.parse(text));
  } catch (error) {
    const cause = new Error(`ffprobe said: ${stderr}`, { cause: error });
    throw new AppError('media_unsupported', 'The recording cannot be read.', { cause });
  }
}

function toVideo(stream: FfprobeStream): VideoStream {
  const turned = stream.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  return {
    codec: stream.codec_name,
    profile: stream.profile ?? null,
    level: stream.level !== undefined && stream.level > 0 ? stream.level : null,
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    sar: parseRatio(stream.sample_aspect_ratio) ?? 1,
    rotation: quarterTurn(turned),
    avgFps: parseRatio(stream.avg_frame_rate),
    pixelFormat: stream.pix_fmt ?? null,
    colour: {
      range: stream.color_range ?? null,
      space: stream.color_space ?? null,
      primaries: stream.color_primaries ?? null,
      transfer: stream.color_transfer ?? null,
    },
  };
}

const toAudio = (stream: FfprobeStream): AudioStream => ({
  codec: stream.codec_name,
  profile: stream.profile ?? null,
  sampleRate: stream.sample_rate ?? 0,
  channels: stream.channels ?? 0,
});

/** `30000/1001` and `16:9`; null for `0/0`, `N/A` and nothing at all. */
export function parseRatio(text: string | undefined): number | null {
  const match = /^(\d+)[:/](\d+)$/.exec(text ?? '');
  const value = match ? Number(match[1]) / Number(match[2]) : NaN;
  return Number.isFinite(value) && value > 0 ? value : null;
}

function quarterTurn(degrees: number): VideoStream['rotation'] {
  const turn = (((Math.round(degrees / 90) * 90) % 360) + 360) % 360;
  return turn === 90 || turn === 180 || turn === 270 ? turn : 0;
}
