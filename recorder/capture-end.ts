import { setTimeout as delay } from 'node:timers/promises';
import type { FfmpegExit, FfmpegProcess } from './ffmpeg.ts';

/** What an ending ffmpeg needs is 20 to 60 ms; together the steps stay below a second. */
const BYE_TIMEOUT_MS = 300;
const QUIT_TIMEOUT_MS = 150;
const INTERRUPT_TIMEOUT_MS = 150;
const SECOND_INTERRUPT_TIMEOUT_MS = 100;

/** The step after which ffmpeg ended. */
export type EndedBy = 'bye' | 'quit' | 'interrupt' | 'second interrupt' | 'kill';

/**
 * Ends ffmpeg, as gently as it allows: after each step it gets a moment, then comes the next. A BYE keeps the whole
 * tail; `q` and SIGINT stop between two packets, a second SIGINT cuts off what waits, and in silence ffmpeg may
 * answer none of them. Harmless when it has ended already.
 * @param sayBye tells ffmpeg that its streams are over
 */
export async function endFfmpeg(
  ffmpeg: FfmpegProcess,
  sayBye: () => Promise<void>,
): Promise<{ by: EndedBy; exit: FfmpegExit }> {
  const steps: { by: EndedBy; ask: () => void | Promise<void>; timeoutMs: number }[] = [
    { by: 'bye', ask: sayBye, timeoutMs: BYE_TIMEOUT_MS },
    { by: 'quit', ask: () => ffmpeg.quit(), timeoutMs: QUIT_TIMEOUT_MS },
    { by: 'interrupt', ask: () => ffmpeg.kill('SIGINT'), timeoutMs: INTERRUPT_TIMEOUT_MS },
    { by: 'second interrupt', ask: () => ffmpeg.kill('SIGINT'), timeoutMs: SECOND_INTERRUPT_TIMEOUT_MS },
  ];
  for (const { by, ask, timeoutMs } of steps) {
    await ask();
    const exit = await within(ffmpeg.exited, timeoutMs);
    if (exit) return { by, exit };
  }
  ffmpeg.kill('SIGKILL');
  return { by: 'kill', exit: await ffmpeg.exited };
}

/** What a promise resolves with, or null when it takes longer. Its rejection is passed on. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
  const timer = new AbortController();
  const late = delay(timeoutMs, null, { signal: timer.signal });
  // Aborted when the promise was first.
  late.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
