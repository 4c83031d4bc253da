import type { Clock, Timer } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import type { Heartbeats } from '#server/store/heartbeats.ts';

/** So much more than its true length an outage may count, always in the candidate's favour. */
const INTERVAL_MS = 500;

/** Notes in the database that the server is there, so that the next start knows how long it was not. */
export function createHeartbeat(options: { heartbeats: Heartbeats; clock: Clock; log: Logger }) {
  const { heartbeats, clock, log } = options;
  let timer: Timer | null = null;
  let beating: Promise<void> = Promise.resolve();
  let stopped = false;
  let failing = false;

  async function beat(): Promise<void> {
    try {
      await heartbeats.beat(clock.now());
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'sign of life not written');
      failing = true;
    }
  }

  function arm(): void {
    if (stopped) return;
    timer = clock.at(clock.now() + INTERVAL_MS, () => {
      beating = beat().then(arm);
    });
  }

  return {
    /** Begins; to be called once every session has been taken up, as from then on an earlier outage is forgotten. */
    start(): void {
      beating = beat().then(arm);
    },

    /** Notes the last sign of life: from here on the server begins nothing new. */
    async stop(): Promise<void> {
      if (stopped) return;
      stopped = true;
      timer?.cancel();
      await beating;
      await beat();
    },
  };
}
