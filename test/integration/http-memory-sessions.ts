import { randomBytes } from 'node:crypto';
import type { GateOptions } from '#server/interviews/gate-service.ts';
import type { EditorOptions } from '#server/interviews/editor.ts';
import type { SessionDeskOptions } from '#server/interviews/session-desk.ts';
import type { SessionRecord } from '#server/interviews/session-reads.ts';

/** The part of the application that keeps sessions. */
export type SessionParts = Pick<EditorOptions, 'countSessions' | 'eraseSessions'> &
  Pick<GateOptions, 'sessionsOf' | 'beginSession'> &
  Pick<SessionDeskOptions, 'sessions' | 'deleteAnswers' | 'withdraw'> & { records: SessionRecord[] };

/** Sessions that go nowhere: for tests of who may reach which. The newest is the first. */
export function memorySessions(): SessionParts {
  const records: SessionRecord[] = [];
  const pageOf = (matches: (record: SessionRecord) => boolean) =>
    Promise.resolve({ items: records.filter(matches), nextCursor: null });
  const change = (id: string, changes: Partial<SessionRecord>) => {
    const found = records.find((record) => record.id === id);
    if (found) Object.assign(found, changes);
    return Promise.resolve();
  };
  return {
    records,
    countSessions: (ids) =>
      Promise.resolve(
        new Map(
          ids.map((id) => {
            const sessions = records.filter((record) => record.interviewId === id).length;
            return [id, { sessions, running: 0, stored: 0 }];
          }),
        ),
      ),
    eraseSessions: () => Promise.resolve(),
    sessionsOf: (interviewId, accountId) =>
      Promise.resolve(
        records.filter((record) => record.interviewId === interviewId && record.accountId === accountId).toReversed(),
      ),
    beginSession({ interview, organisation, person, consent, attempt }) {
      const taken = records.some(
        (old) => old.interviewId === interview.id && old.accountId === person.id && old.attempt === attempt,
      );
      if (taken) return Promise.resolve(null);
      const { title, slug } = interview;
      const record: SessionRecord = {
        id: randomBytes(12).toString('hex'),
        ...{ interviewId: interview.id, organisationId: interview.organisationId, accountId: person.id },
        interview: { title, slug: slug ?? '', organisation },
        candidate: { name: person.name, email: person.email },
        ...{ state: 'consented', attempt, consent: { version: consent.version, at: 1 } },
        ...{ startedAt: null, deadlineAt: null, submittedAt: null, storedAt: null },
        ...{ deletionAskedAt: null, answersDeletedAt: null },
        answers: interview.questions.map(({ id, text }) => ({ questionId: id, text, takesUsed: 0, pick: null })),
      };
      records.unshift(record);
      return Promise.resolve({ id: record.id });
    },
    sessions: {
      get: (id) => Promise.resolve(records.find((record) => record.id === id) ?? null),
      pageOfInterview: (interviewId) => pageOf((record) => record.interviewId === interviewId),
      pageOfAccount: (accountId) => pageOf((record) => record.accountId === accountId),
    },
    deleteAnswers: (id) => change(id, { deletionAskedAt: 2, answersDeletedAt: 2 }),
    withdraw: (id) => change(id, { state: 'withdrawn' }),
  };
}
