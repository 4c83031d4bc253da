import type { Clock, Timer } from '#server/clock.ts';
import type { SessionEvent } from '#server/interviews/events.ts';
import type { Session } from '#server/interviews/session.ts';
import type { Logger } from '#server/log.ts';
import type { Sessions } from '#server/store/sessions.ts';
import { removeOrphans, type OrphansOptions } from './orphans.ts';

/** What falls due is done within so much; closing dates and rehearsals are no matter of seconds. */
const INTERVAL_MS = 60_000;
/** Of each kind; what is left is done by the next sweep. */
const SESSIONS_A_SWEEP = 1_000;
const NOT_STARTED: readonly Session['state'][] = ['invited', 'consented', 'checked'];

export interface SweeperOptions {
  sessions: Sessions<Session>;
  recorder: OrphansOptions['recorder'];
  report: (sessionId: string, event: SessionEvent) => Promise<void>;
  /** Goes on with deletions of interviews that were begun. */
  finishRemovals: () => Promise<void>;
  clock: Clock;
  log: Logger;
}

/**
 * Does regularly what nobody asks for: ends sessions whose interview has closed before they were started, deletes
 * rehearsals that lie too long, and tries again to erase what could not be erased.
 */
export function createSweeper(options: SweeperOptions) {
  const { sessions, recorder, report, finishRemovals, clock, log } = options;
  let timer: Timer | null = null;
  let current: Promise<void> | null = null;
  let closed = false;

  /** One failure keeps nothing else from being done. */
  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (closed) return;
    try {
      await work();
    } catch (error) {
      log.error({ what, err: error }, 'sweep failed, it is done again');
    }
  }

  async function tellEach(ids: readonly string[], event: SessionEvent): Promise<void> {
    for (const id of ids) await attempt(event.type, () => report(id, event));
  }

  async function sweepAll(): Promise<void> {
    await attempt('removals', finishRemovals);
    await attempt('expire', async () => {
      const ids = await sessions.ofClosedInterviews(NOT_STARTED, clock.now(), SESSIONS_A_SWEEP);
      await tellEach(ids, { type: 'expire' });
    });
    await attempt('sweep', async () => {
      await tellEach(await sessions.dueForSweep(clock.now(), SESSIONS_A_SWEEP), { type: 'sweep' });
    });
    await attempt('orphans', () => removeOrphans({ recorder, sessions, log }));
  }

  function sweep(): Promise<void> {
    current ??= sweepAll().finally(() => (current = null));
    return current;
  }

  function run(): void {
    void sweep().then(() => {
      if (!closed) timer = clock.at(clock.now() + INTERVAL_MS, run);
    });
  }

  return {
    /** Sweeps once, or waits for the sweep that is under way. */
    sweep,

    /** Sweeps now and from then on every minute. */
    start: run,

    /** Waits for what is under way and does nothing more. */
    async close(): Promise<void> {
      closed = true;
      timer?.cancel();
      await current;
    },
  };
}
