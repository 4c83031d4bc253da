import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import type { Attendance } from './attendance.ts';
import type { Handlers } from './handler.ts';
import type { IceServers, SessionService } from './ports.ts';

export interface EntryOptions {
  sessions: Pick<SessionService, 'view'>;
  attendance: Attendance;
  iceServers: IceServers;
  clock: Clock;
  isStopping: () => boolean;
}

/** Entering a session, and asking what time it is. */
export function createEntryHandlers(options: EntryOptions): Handlers<'clock:sync' | 'session:join'> {
  const { sessions, attendance, iceServers, clock, isStopping } = options;
  return {
    async 'clock:sync'() {
      return { now: clock.now() };
    },

    async 'session:join'(peer, { sessionId }) {
      const { accountId } = peer.identity;
      // Before anything is opened: it must be the account's own.
      await sessions.view(sessionId, accountId);
      if (isStopping()) throw new AppError('shutting_down', 'The server is about to restart. Please try again.');
      const { rtpCapabilities } = await attendance.join(peer, sessionId);
      // Read again now that changes are pushed, so that none falls in between.
      return { session: await sessions.view(sessionId, accountId), rtpCapabilities, iceServers: iceServers() };
    },
  };
}
