import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { AppError } from '#protocol/errors.ts';
import { checksumFile } from './checksum.ts';
import { startFfmpeg } from './ffmpeg.ts';
import { decodesCleanly } from './probe-decode.ts';
import { probePackets } from './probe-packets.ts';
import { probe, type ProbeOptions } from './probe.ts';
import { parseProgress, publishArgs } from './publish-args.ts';
import { planPublish, type PublishPlan } from './publish-plan.ts';

export interface PublishOptions {
  /** The file that the recorder wrote: MP4 or Matroska, whole or cut off. */
  capture: string;
  /** Where the MP4 goes; its folder exists. */
  output: string;
  ffmpegPath: string;
  ffprobePath: string;
  signal?: AbortSignal;
  /** Share done, 0 to 1, never falling. */
  onProgress?: (share: number) => void;
  /** Waits for a turn and does a piece of the work in it; at once by default. */
  schedule?: Schedule;
}

/** `light` is examining and remuxing, `heavy` is transcoding. */
export type Schedule = <T>(kind: 'light' | 'heavy', work: () => Promise<T>) => Promise<T>;

/** A video that plays everywhere. */
export interface Published {
  file: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  durationMs: number;
  width: number;
  height: number;
  transcoded: boolean;
}

/** Below the recorders of live takes, which must not wait for it. */
const NICENESS = 10;
/** No progress for so long and ffmpeg hangs; a transcode on a busy machine still moves every second or two. */
const STALL_TIMEOUT_MS = 60_000;
const DURATION_TOLERANCE_MS = 100;
/** B-frames and the sample rate's grid move a stream's first instant by no more. */
const START_TOLERANCE_MS = 10;
/** The share of the work that is left for checking the result when ffmpeg has ended. */
const CHECK_SHARE = 0.05;

/**
 * Makes the video that is kept of a take: MP4, H.264 and AAC-LC at 48 kHz, constant 9:16 of at most 720x1280, fast
 * start, beginning at the first picture. The picture is copied where it already is all that, and transcoded once
 * otherwise; a capture without sound gets a silent track. The file is examined before it takes its name: it is whole
 * and right, or it is not there.
 * @throws AppError `media_unsupported` for a capture that cannot be read, `media_missing` for one without a picture,
 * `recorder_failed` when ffmpeg fails or its result is not what was wanted; the signal's reason when it is aborted
 */
export async function publish(options: PublishOptions): Promise<Published> {
  const { capture, output, signal } = options;
  const tools: ProbeOptions = { ffprobePath: options.ffprobePath, ...(signal && { signal }) };
  const schedule: Schedule = options.schedule ?? ((_kind, work) => work());
  const { plan, frames } = await schedule('light', () => study(capture, tools, options.ffmpegPath));

  // The extension tells ffmpeg the format.
  const temporary = `${output}.${randomUUID()}.part.mp4`;
  try {
    await schedule(plan.transcode ? 'heavy' : 'light', () => run(plan, temporary, options));
    const durationMs = await schedule('light', () => examine(temporary, plan, plan.transcode ? null : frames, tools));
    const sum = await checksumFile(temporary, signal);
    signal?.throwIfAborted();
    await rename(temporary, output);
    options.onProgress?.(1);
    const { width, height } = plan;
    return { file: output, ...sum, durationMs, width, height, transcoded: plan.transcode !== null };
  } catch (error) {
    await rm(temporary, { force: true });
    signal?.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw new AppError('recorder_failed', 'The video could not be published.', { cause: error });
  }
}

/** Reads the capture and decides what to do with it. */
async function study(
  capture: string,
  tools: ProbeOptions,
  ffmpegPath: string,
): Promise<{ plan: PublishPlan; frames: number }> {
  const { video, audio } = await probe(capture, tools);
  const packets = await probePackets(capture, tools);
  if (!video || !packets.video) throw new AppError('media_missing', 'The recording has no picture.');
  const sound = { stream: audio, span: packets.audio };
  const plan = planPublish(video, packets.video, sound);
  const { signal } = tools;
  const damaged =
    plan.transcode === null &&
    !(await decodesCleanly(capture, { ffmpegPath, niceness: NICENESS, ...(signal && { signal }) }));
  return {
    plan: damaged ? planPublish(video, packets.video, sound, { damaged }) : plan,
    frames: packets.video.count,
  };
}

/** Runs ffmpeg to its end, or kills it when it is aborted or hangs. */
async function run(plan: PublishPlan, temporary: string, options: PublishOptions): Promise<void> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  let reached = 0;
  let reason: string | null = null;
  // Set once the process runs; lines that come before have nothing to refresh.
  const watch: { dog?: NodeJS.Timeout } = {};
  const progress = (line: string) => {
    const timeMs = parseProgress(line);
    if (timeMs === null || timeMs <= reached) return;
    reached = timeMs;
    watch.dog?.refresh();
    onProgress?.(Math.min(1, reached / plan.durationMs) * (1 - CHECK_SHARE));
  };
  const ffmpeg = await startFfmpeg({
    ...publishArgs(plan, { capture: options.capture, output: temporary }),
    ffmpegPath: options.ffmpegPath,
    niceness: NICENESS,
    onLine: progress,
  });
  const kill = () => ffmpeg.kill('SIGKILL');
  watch.dog = setTimeout(() => {
    reason = `no progress for ${STALL_TIMEOUT_MS} ms`;
    kill();
  }, STALL_TIMEOUT_MS);
  signal?.addEventListener('abort', kill, { once: true });
  if (signal?.aborted) kill();
  try {
    const exit = await ffmpeg.exited;
    signal?.throwIfAborted();
    if (reason ?? exit.code !== 0) {
      throw new Error(`ffmpeg ended with ${exit.code ?? exit.signal}, ${reason ?? 'by itself'}: ${exit.stderr}`);
    }
  } finally {
    clearTimeout(watch.dog);
    signal?.removeEventListener('abort', kill);
  }
}

/**
 * Makes sure that a result is what its plan promised, by its own headers and packets.
 * @returns its length in milliseconds
 */
async function examine(file: string, plan: PublishPlan, frames: number | null, tools: ProbeOptions): Promise<number> {
  const { container, faststart, video, audio } = await probe(file, tools);
  const packets = await probePackets(file, tools);
  const sizes = packets.video?.sizes ?? [];
  const durationMs = Math.max(packets.video?.endMs ?? 0, packets.audio?.endMs ?? 0);
  const faults = Object.entries({
    container: container !== 'mp4' || !faststart,
    video: video?.codec !== 'h264' || video.rotation !== 0 || video.sar !== 1 || (video.level ?? 0) > 40,
    size: sizes.length !== 1 || sizes[0]?.width !== plan.width || sizes[0]?.height !== plan.height,
    audio: audio?.codec !== 'aac' || audio.profile !== 'LC' || audio.sampleRate !== 48_000,
    start: Math.abs(packets.video?.startMs ?? Infinity) > START_TOLERANCE_MS,
    length: Math.abs(durationMs - plan.durationMs) > DURATION_TOLERANCE_MS,
    frames: frames !== null && packets.video?.count !== frames,
  }).flatMap(([name, wrong]) => (wrong ? [name] : []));
  if (faults.length === 0) return Math.round(durationMs);
  const cause = new Error(`wrong ${faults.join(', ')}: ${JSON.stringify({ plan, video, audio, packets })}`);
  throw new AppError('recorder_failed', 'The published video is not what it should be.', { cause });
}
