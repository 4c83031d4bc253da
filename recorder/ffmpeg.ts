import type { ChildProcess } from 'node:child_process';
import ffmpegCommand from 'fluent-ffmpeg';

/** How an ffmpeg process ended. An exit code of 0 proves nothing about its output: probe it. */
export interface FfmpegExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last lines that ffmpeg wrote to standard error. */
  stderr: string;
}

/** A running ffmpeg. The caller supervises it: fluent-ffmpeg only builds and spawns the command. */
export interface FfmpegProcess {
  readonly pid: number;
  readonly exited: Promise<FfmpegExit>;
  /** Asks ffmpeg to end as the `q` key does. */
  quit(): void;
  kill(signal: NodeJS.Signals): void;
}

export interface FfmpegOptions {
  /** Path of the ffmpeg binary. */
  ffmpegPath: string;
  inputs: { url: string; options: readonly string[] }[];
  /** Output file and the options before it; each option and value is one argument, no shell is involved. */
  output: { file: string; options: readonly string[] };
  /** Scheduling niceness, 0 to 19. */
  niceness?: number;
  /** Called with each line that ffmpeg writes to standard error. */
  onLine?: (line: string) => void;
}

const STDERR_LINES_KEPT = 40;

/** fluent-ffmpeg keeps the child here; its types do not say so. */
interface CommandInternals {
  ffmpegProc?: ChildProcess;
}

/**
 * Starts one ffmpeg. The only user of fluent-ffmpeg: the package is no longer developed and is replaced here if need be.
 * @throws Error when the process cannot be spawned
 */
export async function startFfmpeg(options: FfmpegOptions): Promise<FfmpegProcess> {
  const command = ffmpegCommand({ stdoutLines: 1, niceness: options.niceness ?? 0 });
  command.setFfmpegPath(options.ffmpegPath);
  for (const input of options.inputs) command.input(input.url).inputOptions([...input.options]);
  command.output(options.output.file).outputOptions([...options.output.options]);

  const lines: string[] = [];
  command.on('stderr', (line: string) => {
    lines.push(line);
    if (lines.length > STDERR_LINES_KEPT) lines.shift();
    options.onLine?.(line);
  });
  await new Promise<void>((resolve, reject) => {
    command.once('start', () => resolve());
    command.once('error', reject);
    command.run();
  });
  // Later errors only repeat the exit, which is watched on the child itself.
  command.on('error', () => undefined);
  const child = (command as unknown as CommandInternals).ffmpegProc;
  if (!child?.pid) throw new Error('ffmpeg was not started');
  const exited = new Promise<FfmpegExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, stderr: lines.join('\n') }));
  });
  // ffmpeg may be gone when it is asked to quit; the exit event says so, the pipe's error adds nothing.
  child.stdin?.on('error', () => undefined);
  return {
    pid: child.pid,
    exited,
    quit: () => void child.stdin?.write('q\n'),
    kill: (signal) => void child.kill(signal),
  };
}
