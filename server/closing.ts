import type { Logger } from '#server/log.ts';

/** How long one part may take to close; the slowest honest ones end an encoder or a worker process. */
const STEP_TIMEOUT_MS = 8_000;
/** All of them together. With the drain before it, this stays below the 90 s that a container engine is told to allow. */
const TOTAL_TIMEOUT_MS = 15_000;

export interface ClosingOptions {
  log: Logger;
  stepTimeoutMs?: number;
  totalTimeoutMs?: number;
}

/** What has been opened so far, and how each part of it is closed. */
export interface Closing {
  /** To be called as soon as the part is open. */
  add(part: string, close: () => Promise<unknown> | void): void;
  /**
   * Closes everything, the last opened first. A part that takes too long is named in the log and left behind: the process
   * is about to end, and what it holds ends with it. Resolves within 15 s; calling it again waits for the same end.
   * @throws AggregateError of what went wrong, once every part has had its turn
   */
  close(): Promise<void>;
}

export function createClosing(options: ClosingOptions): Closing {
  const { log, stepTimeoutMs = STEP_TIMEOUT_MS, totalTimeoutMs = TOTAL_TIMEOUT_MS } = options;
  const parts: { part: string; close: () => Promise<unknown> | void }[] = [];
  let closing: Promise<void> | null = null;

  async function closeAll(): Promise<void> {
    const until = performance.now() + totalTimeoutMs;
    const errors: unknown[] = [];
    for (const { part, close } of parts.reverse()) {
      try {
        const waitMs = Math.max(0, Math.min(stepTimeoutMs, until - performance.now()));
        if (!(await endsWithin(Promise.resolve(close()), waitMs))) {
          log.error({ closing: part }, 'closing takes too long, going on without it');
        }
      } catch (error) {
        log.error({ closing: part, err: error }, 'closing failed');
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be closed');
  }

  return {
    add: (part, close) => void parts.push({ part, close }),
    close: () => (closing ??= closeAll()),
  };
}

/** False when the work goes on after `waitMs`; what becomes of it then is nobody's concern. */
async function endsWithin(work: Promise<unknown>, waitMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), waitMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
