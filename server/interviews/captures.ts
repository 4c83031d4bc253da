import { AppError } from '#protocol/errors.ts';
import type { Capture, Recorder } from '#recorder/recorder.ts';
import type { RtpSource } from '#recorder/source.ts';
import type { Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import type { SessionEvent } from './events.ts';

export interface CapturesOptions {
  recorder: Recorder;
  /** The candidate's live media; AppError `media_missing` when there is none. */
  recordingSource: (sessionId: string) => Promise<RtpSource>;
  clock: Clock;
  log: Logger;
  report: (sessionId: string, event: SessionEvent) => Promise<void>;
}

/**
 * How long before the countdown's end the media begin to flow: from the request of a key frame to its place on disk it
 * takes 110 to 150 ms, so that "go" can be said at the countdown's end and not a moment after it.
 */
const START_LEAD_MS = 150;

/** One take that the recorder is at work on. */
interface Entry {
  /** Ends the wait for the countdown early. */
  abandon: AbortController;
  armed: Promise<Capture>;
}

export type Captures = ReturnType<typeof createCaptures>;

/** Carries out what the rules say about recording, and reports back what became of it. */
export function createCaptures(options: CapturesOptions) {
  const { recorder, recordingSource, clock, log, report } = options;
  const entries = new Map<string, Entry>();

  /** Those who wait until nothing is recorded. */
  let waiting: (() => void)[] = [];

  function forget(takeId: string): void {
    entries.delete(takeId);
    if (entries.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  /** Resolves at the instant `at`; rejects when abandoned before. */
  function until(at: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (clock.now() >= at && !signal.aborted) return resolve();
      const timer = clock.at(at, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = () => {
        timer.cancel();
        reject(new AppError('wrong_state', 'The take was abandoned.'));
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async function record(sessionId: string, takeId: string, countdownEndsAt: number, entry: Entry): Promise<void> {
    const context = { session: sessionId, take: takeId };
    let capture: Capture | null = null;
    try {
      capture = await entry.armed;
      await until(countdownEndsAt - START_LEAD_MS, entry.abandon.signal);
      await capture.start();
      await until(countdownEndsAt, entry.abandon.signal);
      if (entry.abandon.signal.aborted) throw new AppError('wrong_state', 'The take was abandoned.');
      await report(sessionId, { type: 'go', takeId });
      log.info({ ...context, lateMs: clock.now() - countdownEndsAt }, 'take recording');
      const reason = await capture.ended;
      log.warn({ ...context, reason }, 'take cut short');
      await report(sessionId, { type: 'cut', takeId, reason });
    } catch (error) {
      await capture?.abort();
      if (entries.get(takeId) === entry) forget(takeId);
      if (entry.abandon.signal.aborted) return;
      log.warn({ ...context, err: error }, 'take not started');
      const lost = error instanceof AppError && error.code === 'media_missing';
      await report(sessionId, { type: 'capture_failed', takeId, reason: lost ? 'media_lost' : 'recorder_failed' });
    }
  }

  async function salvage(sessionId: string, takeId: string): Promise<void> {
    const found = await recorder.recover(sessionId, takeId);
    await (found
      ? report(sessionId, { type: 'captured', takeId, durationMs: found.durationMs })
      : report(sessionId, { type: 'capture_failed', takeId, reason: 'server_stopped' }));
  }

  return {
    /** Resolves as soon as no take is being recorded. */
    idle(): Promise<void> {
      return entries.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    },

    /** Arms the recorder while the countdown runs; reports `go` or `capture_failed`. */
    arm(sessionId: string, takeId: string, countdownEndsAt: number): void {
      const armed = (async () => recorder.arm({ sessionId, takeId, source: await recordingSource(sessionId) }))();
      const entry: Entry = { abandon: new AbortController(), armed };
      entries.set(takeId, entry);
      void record(sessionId, takeId, countdownEndsAt, entry).catch((error: unknown) => {
        log.error({ session: sessionId, take: takeId, err: error }, 'take report failed');
      });
    },

    /**
     * Ends a take with its whole tail and reports what is on disk. A take that this process does not know was left by
     * one that crashed: what it wrote is repaired.
     */
    async stop(sessionId: string, takeId: string): Promise<void> {
      const entry = entries.get(takeId);
      if (!entry) return salvage(sessionId, takeId);
      const { armed } = entry;
      const startedAt = clock.now();
      // What could not be reported is not lost: the file lies there, and the sweep comes back to it.
      try {
        await report(sessionId, await outcome());
      } finally {
        forget(takeId);
      }

      async function outcome(): Promise<SessionEvent> {
        try {
          const result = await (await armed).stop();
          log.info({ session: sessionId, take: takeId, stopMs: clock.now() - startedAt }, 'take finished');
          return { type: 'captured', takeId, durationMs: result.durationMs };
        } catch (error) {
          log.error({ session: sessionId, take: takeId, err: error }, 'take lost');
          return { type: 'capture_failed', takeId, reason: 'recorder_failed' };
        }
      }
    },

    /** Ends a take of which nothing is kept. */
    async abort(takeId: string): Promise<void> {
      const entry = entries.get(takeId);
      if (!entry) return;
      forget(takeId);
      entry.abandon.abort();
      // An arming that failed has nothing to abort; its own path has logged it.
      const capture = await entry.armed.catch(() => null);
      await capture?.abort();
    },

    /** Deletes a take's file, verified. */
    remove: (sessionId: string, takeId: string) => recorder.remove(sessionId, takeId),
  };
}
