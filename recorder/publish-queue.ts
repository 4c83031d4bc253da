import { AppError } from '#protocol/errors.ts';
import { publish, type Published, type PublishOptions } from './publish.ts';

export interface PublishJob extends Pick<PublishOptions, 'capture' | 'output' | 'onProgress'> {
  signal?: AbortSignal;
}

/** Publishes at a pace that leaves the machine to the live takes. */
export interface PublishQueue {
  /** As `publish`; AppError `shutting_down` when the queue is closed before the job has ended. */
  publish(job: PublishJob): Promise<Published>;
  /** Jobs that have not ended. */
  readonly pending: number;
  /** Aborts every job and waits until nothing of them is left. */
  close(): Promise<void>;
}

/** Lets `limit` callers in at once, the others in the order they came. */
function createLimiter(limit: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (running >= limit) {
      await new Promise<void>((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1);
          reject(signal.reason as Error);
        };
        waiting.push(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes straight to the next one, or nobody could tell who was first.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/**
 * Runs at most `concurrency` transcodes and, beside them, as many pieces of light work: a remux takes half a second,
 * and a candidate who waits for "safe to close" should not wait for another's transcode.
 */
export function createPublishQueue(options: {
  concurrency: number;
  ffmpegPath: string;
  ffprobePath: string;
}): PublishQueue {
  const lanes = { light: createLimiter(options.concurrency), heavy: createLimiter(options.concurrency) };
  const closing = new AbortController();
  const jobs = new Set<Promise<unknown>>();
  return {
    async publish(job) {
      const signal = job.signal ? AbortSignal.any([job.signal, closing.signal]) : closing.signal;
      const done = publish({
        ...job,
        ffmpegPath: options.ffmpegPath,
        ffprobePath: options.ffprobePath,
        signal,
        schedule(kind, work) {
          signal.throwIfAborted();
          return lanes[kind](work, signal);
        },
      });
      jobs.add(done);
      try {
        return await done;
      } finally {
        jobs.delete(done);
      }
    },
    get pending() {
      return jobs.size;
    },
    async close() {
      closing.abort(new AppError('shutting_down', 'The server is shutting down.'));
      await Promise.allSettled(jobs);
    },
  };
}
