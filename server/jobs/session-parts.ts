import { AppError } from '#protocol/errors.ts';
import type { EditorOptions } from '#server/interviews/editor.ts';
import type { GateOptions } from '#server/interviews/gate-service.ts';
import type { SessionService } from '#server/interviews/service.ts';
import { isErasing, type Session } from '#server/interviews/session.ts';
import type { SessionDeskOptions } from '#server/interviews/session-desk.ts';
import { toSessionRecord } from '#server/interviews/session-view.ts';
import type { Sessions } from '#server/store/sessions.ts';

export type SessionParts = Pick<EditorOptions, 'countSessions' | 'eraseSessions'> &
  Pick<GateOptions, 'sessionsOf' | 'beginSession'> &
  Pick<SessionDeskOptions, 'sessions' | 'deleteAnswers' | 'withdraw'>;

/** What the HTTP API needs of sessions: reading, beginning, erasing. */
export function createSessionParts(options: {
  sessions: Sessions<Session>;
  service: SessionService;
  eraseSession: (session: Session) => Promise<void>;
}): SessionParts {
  const { sessions, service, eraseSession } = options;

  async function existing(id: string): Promise<Session> {
    const session = await sessions.get(id);
    if (!session) throw new AppError('not_found', 'This session does not exist.');
    return session;
  }

  /** Said to be deleted only when it is. */
  async function requireErased(id: string, message: string): Promise<void> {
    if (isErasing(await existing(id))) throw new AppError('unavailable', message);
  }

  return {
    async countSessions(interviewIds) {
      const counts = new Map<string, { sessions: number; running: number; stored: number }>();
      for (const { interviewId, state, deletionAsked, count } of await sessions.countByState(interviewIds)) {
        const sum = counts.get(interviewId) ?? { sessions: 0, running: 0, stored: 0 };
        sum.sessions += count;
        if (state === 'running' || state === 'submitting') sum.running += count;
        if (state === 'stored' && !deletionAsked) sum.stored += count;
        counts.set(interviewId, sum);
      }
      return counts;
    },

    async eraseSessions(interviewId) {
      for await (const session of sessions.ofInterview(interviewId)) {
        const open = session.state === 'consented' || session.state === 'checked' || session.state === 'running';
        try {
          if (open) await service.report(session.id, { type: 'withdraw' });
          await eraseSession(session);
          await sessions.remove(session.id);
        } catch (error) {
          // Two deletions at once: the other one has been faster.
          if (await sessions.get(session.id)) throw error;
        }
      }
    },

    async sessionsOf(interviewId, accountId) {
      const found = await sessions.ofVisitor(interviewId, accountId);
      return found.map(({ id, state, startedAt, deletionAskedAt, answersDeletedAt }) => ({
        id,
        state,
        startedAt,
        deletionAskedAt,
        answersDeletedAt,
      }));
    },

    beginSession: (session) => service.begin(session),

    sessions: {
      async get(id) {
        const found = await sessions.get(id);
        return found && toSessionRecord(found);
      },
      async pageOfInterview(interviewId, page) {
        const { items, nextCursor } = await sessions.pageOfInterview(interviewId, page);
        return { items: items.map(toSessionRecord), nextCursor };
      },
      async pageOfAccount(accountId, page) {
        const { items, nextCursor } = await sessions.pageOfAccount(accountId, page);
        return { items: items.map(toSessionRecord), nextCursor };
      },
    },

    async deleteAnswers(id) {
      await existing(id);
      await service.report(id, { type: 'delete_answers' });
      await requireErased(id, 'Not everything could be deleted yet. It is tried again until it is gone.');
    },

    async withdraw(id) {
      await service.report(id, { type: 'withdraw' });
      await requireErased(id, 'You have withdrawn. Not all that you recorded could be deleted yet; it will be.');
    },
  };
}
