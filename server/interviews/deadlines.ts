import type { Clock, Timer } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import { nextDueAt, type Session } from './session.ts';

/** A deadline that could not be written stands: it is tried again after so long. */
const RETRY_DELAY_MS = 1_000;

/** One timer a session, for the instant at which it next changes by itself. */
export function createDeadlines(options: { clock: Clock; log: Logger; due: (sessionId: string) => Promise<void> }) {
  const { clock, log, due } = options;
  const timers = new Map<string, Timer>();
  let closed = false;

  function set(session: Session, at: number): void {
    // What is under way when the server closes must not arm anything after it.
    if (closed) return;
    const timer = clock.at(at, () => {
      timers.delete(session.id);
      due(session.id).catch((error: unknown) => {
        log.error({ session: session.id, err: error }, 'deadline not written');
        if (!timers.has(session.id)) set(session, clock.now() + RETRY_DELAY_MS);
      });
    });
    timers.set(session.id, timer);
  }

  return {
    /** Sets the session's timer anew, after each change. */
    schedule(session: Session): void {
      timers.get(session.id)?.cancel();
      timers.delete(session.id);
      const at = nextDueAt(session);
      if (at !== null) set(session, at);
    },

    /** Cancels every timer and arms none any more; the deadlines stand in the database. */
    close(): void {
      closed = true;
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
    },
  };
}
