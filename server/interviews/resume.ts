import type { Logger } from '#server/log.ts';
import type { Sessions } from '#server/store/sessions.ts';
import type { SessionEvent } from './events.ts';
import { liveTake, type Session } from './session.ts';

export interface ResumeOptions {
  sessions: Pick<Sessions<Session>, 'inStates'>;
  report: (sessionId: string, event: SessionEvent) => Promise<void>;
  publish: (sessionId: string) => void;
  log: Logger;
}

/**
 * After a start: takes up every session where the process before left it. Time that the server was away is given back,
 * as {@link import('./time-rules.ts').comeBack} has it. A session that cannot be taken up is logged and keeps no other
 * one waiting.
 * @param awaySince the last sign of life of the process before
 */
export async function resumeSessions(options: ResumeOptions, awaySince: number): Promise<void> {
  const { sessions, report, publish, log } = options;
  for await (const session of sessions.inStates(['checked', 'running', 'submitting'])) {
    try {
      if (session.state === 'running' || liveTake(session))
        await report(session.id, { type: 'server_back', awaySince });
      else if (session.state === 'submitting') publish(session.id);
    } catch (error) {
      log.error({ session: session.id, err: error }, 'session not taken up');
    }
  }
}
