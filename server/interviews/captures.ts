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

/** How long the rules have to end a take at its limit before the recorder does by itself. */
const LIMIT_GRACE_MS = 1_000;

/** A take that is to be recorded. */
export interface ArmedTake {
  takeId: string;
  countdownEndsAt: number;
  /** When a take ends at the latest of which "go" is said at `goAt`. */
  endsAt(goAt: number): number;
}

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

  /** Everything up to "go"; null when nothing came of it, of which nothing is left then. */
  async function begin(sessionId: string, take: ArmedTake, entry: Entry): Promise<Capture | null> {
    const { takeId, countdownEndsAt } = take;
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
      return capture;
    } catch (error) {
      await capture?.abort();
      if (entries.get(takeId) === entry) forget(takeId);
      if (entry.abandon.signal.aborted) return null;
      log.warn({ ...context, err: error }, 'take not started');
      const lost = error instanceof AppError && error.code === 'media_missing';
      await report(sessionId, { type: 'capture_failed', takeId, reason: lost ? 'media_lost' : 'recorder_failed' });
      return null;
    }
  }

  /** After "go" whatever happens keeps the file. */
  async function record(sessionId: string, take: ArmedTake, entry: Entry): Promise<void> {
    const { takeId } = take;
    const capture = await begin(sessionId, take, entry);
    if (!capture) return;
    // The rules end a take at its limit, and write that first: this one holds when the database cannot be reached.
    const limit = clock.at(take.endsAt(clock.now()) + LIMIT_GRACE_MS, () => {
      log.warn({ session: sessionId, take: takeId }, 'take ended at its limit without the database');
      keep(sessionId, takeId, capture);
    });
    const reason = await Promise.race([capture.ended, capture.stopped.then(() => null)]);
    limit.cancel();
    if (reason === null) return;
    log.warn({ session: sessionId, take: takeId, reason }, 'take cut short');
    try {
      await report(sessionId, { type: 'cut', takeId, reason });
    } catch (error) {
      keep(sessionId, takeId, capture);
      throw error;
    }
  }

  /** Finishes a take's file when nobody can be told: the rules come to it once the database is back. */
  function keep(sessionId: string, takeId: string, capture: Capture): void {
    capture.stop().catch((error: unknown) => {
      log.error({ session: sessionId, take: takeId, err: error }, 'take lost');
    });
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
    arm(sessionId: string, take: ArmedTake): void {
      const { takeId } = take;
      const armed = (async () => recorder.arm({ sessionId, takeId, source: await recordingSource(sessionId) }))();
      const entry: Entry = { abandon: new AbortController(), armed };
      entries.set(takeId, entry);
      void record(sessionId, take, entry).catch((error: unknown) => {
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
          // What could not be found out now is found out by the sweep: the file is kept.
          if (error instanceof AppError && error.code === 'recorder_failed') throw error;
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
