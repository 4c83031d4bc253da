import { chmod, open, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '#protocol/errors.ts';
import { captureArgs, type CaptureContainer } from './args.ts';
import { startFfmpeg, type FfmpegProcess } from './ffmpeg.ts';
import type { PortPool } from './ports.ts';
import { captureSdp } from './sdp.ts';
import type { RtpSource } from './source.ts';

/** Usually it takes 60 ms. */
const LAUNCH_TIMEOUT_MS = 3_000;
/** Another program may take a port between our test and ffmpeg's bind. */
const LAUNCH_TRIES = 3;
/** ffmpeg says so once a stream, when it has bound the stream's ports. */
const LISTENING_LINE = 'setting jitter buffer size to';
const OWNER_ONLY = 0o600;

export interface LaunchOptions {
  ffmpegPath: string;
  ports: PortPool;
  source: Pick<RtpSource, 'video' | 'audio'>;
  sdp: string;
  output: string;
  container: CaptureContainer;
  /** ffmpeg's own words, for the log. */
  onLine?: (line: string) => void;
}

/** An ffmpeg that listens. Its ports are the caller's to release. */
export interface Launched {
  ffmpeg: FfmpegProcess;
  rtpPorts: { video: number; audio: number | null };
}

/**
 * Starts ffmpeg and resolves once it listens on its ports. Nothing is left behind after a failure, but for the output.
 * @throws AppError `busy` without free ports, `recorder_failed` when ffmpeg does not start or not in time
 */
export async function launchCapture(options: LaunchOptions): Promise<Launched> {
  await createPrivate(options.output);
  for (let attempt = 1; ; attempt += 1) {
    const [video, audio = null] = await options.ports.take(options.source.audio ? 2 : 1);
    if (video === undefined) throw new Error('the port pool gave nothing');
    const rtpPorts = { video, audio };
    try {
      return { ffmpeg: await launchOnce(options, rtpPorts), rtpPorts };
    } catch (cause) {
      options.ports.release(audio === null ? [video] : [video, audio]);
      if (attempt < LAUNCH_TRIES && cause instanceof PortTakenError) continue;
      throw new AppError('recorder_failed', 'The recorder could not be started.', { cause });
    }
  }
}

class PortTakenError extends Error {}

async function launchOnce(options: LaunchOptions, rtpPorts: Launched['rtpPorts']): Promise<FfmpegProcess> {
  const { sdp, output, container, onLine } = options;
  const streams = rtpPorts.audio === null ? 1 : 2;
  let listening = 0;
  const ready = Promise.withResolvers<'ready'>();
  await writeFile(sdp, captureSdp(options.source, rtpPorts), { mode: OWNER_ONLY });
  const timer = new AbortController();
  try {
    const ffmpeg = await startFfmpeg({
      ...captureArgs({ sdp, output, container }),
      ffmpegPath: options.ffmpegPath,
      onLine(line) {
        if (line.includes(LISTENING_LINE) && ++listening === streams) ready.resolve('ready');
        onLine?.(line);
      },
    });
    const late = delay(LAUNCH_TIMEOUT_MS, 'late' as const, { signal: timer.signal });
    // Aborted when another one was first.
    late.catch(() => undefined);
    const outcome = await Promise.race([ready.promise, ffmpeg.exited, late]);
    if (outcome === 'ready') return ffmpeg;
    ffmpeg.kill('SIGKILL');
    const { stderr, code, signal } = await ffmpeg.exited;
    if (outcome === 'late') throw new Error(`ffmpeg did not listen within ${LAUNCH_TIMEOUT_MS} ms: ${stderr}`);
    const text = `ffmpeg ended with ${code ?? signal} before it listened: ${stderr}`;
    throw stderr.includes('Address already in use') || stderr.includes('bind failed')
      ? new PortTakenError(text)
      : new Error(text);
  } finally {
    timer.abort();
    await rm(sdp, { force: true });
  }
}

/** ffmpeg overwrites the file and keeps its mode, so that nobody else can read it at any moment. */
async function createPrivate(file: string): Promise<void> {
  const handle = await open(file, 'wx', OWNER_ONLY);
  await handle.close();
  await chmod(file, OWNER_ONLY);
}
