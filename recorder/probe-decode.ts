import { devNull } from 'node:os';
import { AppError } from '#protocol/errors.ts';
import { startFfmpeg } from './ffmpeg.ts';
import { fileUrl, SAFE_INPUT } from './probe-run.ts';

/** A hundred times what a take of a minute needs. */
const DECODE_TIMEOUT_MS = 120_000;

/**
 * Whether every picture of a recording decodes without a complaint. Lost packets leave pictures that ffmpeg mends by
 * guessing and that make other players, Chromium among them, stop with an error. About 10 ms of processor time for a second
 * of recording: filtering blocks, which finds no errors, is left out.
 * @throws AppError `recorder_failed` when ffmpeg cannot run or takes too long; the signal's reason when it is aborted
 */
export async function decodesCleanly(
  file: string,
  options: { ffmpegPath: string; niceness: number; signal?: AbortSignal },
): Promise<boolean> {
  const { ffmpegPath, niceness, signal } = options;
  signal?.throwIfAborted();
  let clean = true;
  const ffmpeg = await startFfmpeg({
    ...{ ffmpegPath, niceness },
    inputs: [{ url: fileUrl(file), options: [...SAFE_INPUT, '-threads', '1', '-skip_loop_filter', 'all'] }],
    output: {
      file: devNull,
      options: [
        ...['-nostdin', '-hide_banner', '-nostats', '-v', 'error', '-map', '0:v:0'],
        // In the file's own time base, as two pictures at the same time would be complained of too.
        ...['-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null'],
      ],
    },
    onLine(line) {
      if (line.trim() !== '') clean = false;
    },
  }).catch((cause: unknown) => {
    throw new AppError('recorder_failed', 'The recording could not be examined.', { cause });
  });
  const kill = () => ffmpeg.kill('SIGKILL');
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, DECODE_TIMEOUT_MS);
  signal?.addEventListener('abort', kill, { once: true });
  if (signal?.aborted) kill();
  try {
    const { code, signal: killedBy, stderr } = await ffmpeg.exited;
    signal?.throwIfAborted();
    if (late || killedBy !== null) {
      const cause = new Error(`ffmpeg ended by ${killedBy ?? 'itself'}: ${stderr}`);
      throw new AppError('recorder_failed', 'The recording could not be examined.', { cause });
    }
    return clean && code === 0;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  }
}
