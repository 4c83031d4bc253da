import type { Recorder } from '#recorder/recorder.ts';
import type { Session } from '#server/interviews/session.ts';
import type { Logger } from '#server/log.ts';
import type { Sessions } from '#server/store/sessions.ts';

/** Sessions of which no capture is needed any more. */
const OVER: readonly string[] = ['stored', 'withdrawn', 'expired'] satisfies Session['state'][];
const SESSION_ID = /^[0-9a-f]{24}$/;
const IDS_AT_ONCE = 500;

export interface OrphansOptions {
  recorder: Pick<Recorder, 'list' | 'removeSession'>;
  sessions: Pick<Sessions<Session>, 'statesOf' | 'any'>;
  log: Logger;
}

/**
 * Removes the captures that no session needs any more, or that belong to none. A database without any session is another
 * one than these captures were made with: nothing is removed then.
 */
export async function removeOrphans({ recorder, sessions, log }: OrphansOptions): Promise<void> {
  const found = (await recorder.list()).filter((id) => SESSION_ID.test(id));
  if (found.length > 0 && !(await sessions.any())) {
    log.warn({ sessions: found.length }, 'there are captures but no sessions: is this the right database?');
    return;
  }
  for (let first = 0; first < found.length; first += IDS_AT_ONCE) {
    const ids = found.slice(first, first + IDS_AT_ONCE);
    const states = await sessions.statesOf(ids);
    for (const id of ids) {
      const state = states.get(id) ?? null;
      if (state !== null && !OVER.includes(state)) continue;
      await recorder.removeSession(id);
      log.info({ session: id, state }, 'captures without use removed');
    }
  }
}
