import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '#protocol/errors.ts';

export interface ProbeOptions {
  /** Path of the ffprobe binary. */
  ffprobePath: string;
  signal?: AbortSignal;
}

const STDERR_CHARS_KEPT = 2_000;
/** Of the machine, not of the file (strerror(3)). */
const MACHINE_FAULT = /Cannot allocate memory|Too many open files|Input\/output error|Resource temporarily unavailable/;

/**
 * The only kinds of input that are opened: whatever a file claims to be (a playlist, say), nothing but the file itself
 * is read, and it is read as MP4 or Matroska. Packets that a killed recorder cut off in the middle are passed over.
 */
export const SAFE_INPUT = [
  ...['-protocol_whitelist', 'file'],
  ...['-format_whitelist', 'mov,matroska'],
  ...['-fflags', '+discardcorrupt'],
];

/** A local file as ffmpeg's own URL, so that no character of its name is taken for anything else. */
export const fileUrl = (file: string) => `file:${resolve(file)}`;

/**
 * Runs ffprobe over a file and hands each line of its output to `onLine`. Its exit code is only part of what the error
 * says: it is 0 for many a broken file, so the caller judges by the output.
 * @returns the last that ffprobe wrote to standard error, for the cause of an error
 * @throws AppError `not_found` without a file, `recorder_failed` when ffprobe cannot run or takes longer than
 * `timeoutMs`; the signal's reason when it is aborted
 */
export async function runFfprobe(
  file: string,
  options: ProbeOptions & { args: readonly string[]; timeoutMs: number; onLine: (line: string) => void },
): Promise<string> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  await stat(file).catch((cause: unknown) => {
    throw new AppError('not_found', 'The recording is not there.', { cause });
  });
  const args = ['-v', 'error', ...SAFE_INPUT, ...options.args, fileUrl(file)];
  const child = spawn(options.ffprobePath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-STDERR_CHARS_KEPT)));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', options.onLine);
  let late = false;
  let killedBy: NodeJS.Signals | null;
  const kill = () => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener('abort', kill, { once: true });
  try {
    // `close` comes after the pipes have ended, `exit` may come before their last lines.
    const [[, signalName]] = (await Promise.all([once(child, 'close'), once(lines, 'close')])) as [
      [number | null, NodeJS.Signals | null],
      unknown,
    ];
    killedBy = signalName;
  } catch (cause) {
    throw new AppError('recorder_failed', 'The recording could not be examined.', { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    lines.close();
  }
  signal?.throwIfAborted();
  if (late) {
    const cause = new Error(`ffprobe took longer than ${timeoutMs} ms: ${stderr}`);
    throw new AppError('recorder_failed', 'The recording could not be examined in time.', { cause });
  }
  // What says nothing of the file must not be taken for a word about it.
  if (killedBy !== null || MACHINE_FAULT.test(stderr)) {
    const cause = new Error(`ffprobe ended by ${killedBy ?? 'itself'}: ${stderr}`);
    throw new AppError('recorder_failed', 'The recording could not be examined.', { cause });
  }
  return stderr;
}
