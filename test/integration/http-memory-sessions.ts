import { AppError } from '#protocol/errors.ts';
import type { MySessionDetail, SessionDetail } from '#protocol/session.ts';
import type { SessionParts } from './http-app.ts';

interface Row {
  id: string;
  interviewId: string;
  organisationId: string;
  accountId: string;
}

/** Sessions that do nothing but belong to somebody. */
export function memorySessions(): SessionParts {
  const rows: Row[] = [];
  const view = (row: Row | undefined): SessionDetail & MySessionDetail => {
    if (!row) throw new AppError('not_found', 'This session does not exist.');
    return {
      ...{ id: row.id, interviewId: row.interviewId, interviewTitle: 'Engineer', title: 'Engineer', slug: 'slug' },
      ...{ organisation: 'Acme', name: 'Ann', email: 'ann@example.org', state: 'consented', attempt: 1, answered: 0 },
      ...{ questionCount: 1, consent: null, answersDeletedAt: null, startedAt: null, deadlineAt: null },
      ...{ submittedAt: null, storedAt: null, answers: [], urlsExpireAt: 1 },
    };
  };
  return {
    countSessions: (ids) =>
      Promise.resolve(new Map(ids.map((id) => [id, { sessions: ofInterview(id).length, running: 0, stored: 0 }]))),
    eraseSessions: () => Promise.resolve(),
    sessionsOf: (interviewId, accountId) =>
      Promise.resolve(
        ofInterview(interviewId)
          .filter((row) => row.accountId === accountId)
          .map((row) => ({ id: row.id, state: 'consented', startedAt: null })),
      ),
    beginSession({ interview, person }) {
      const id = rows.length.toString(16).padStart(24, 'd');
      rows.push({ id, interviewId: interview.id, organisationId: interview.organisationId, accountId: person.id });
      return Promise.resolve({ id });
    },
    desk: {
      list({ id, organisationId }) {
        if (!ofInterview(id).some((row) => row.organisationId === organisationId))
          throw new AppError('not_found', 'This interview does not exist.');
        return Promise.resolve({ items: [], nextCursor: null });
      },
      get: (key) =>
        Promise.resolve(key).then(({ id, organisationId }) =>
          view(rows.find((row) => row.id === id && row.organisationId === organisationId)),
        ),
      deleteAnswers: (key) =>
        Promise.resolve(key).then(({ id, organisationId }) =>
          view(rows.find((row) => row.id === id && row.organisationId === organisationId)),
        ),
    },
    mySessions: {
      list: () => Promise.resolve({ items: [], nextCursor: null }),
      get: (key) =>
        Promise.resolve(key).then(({ id, accountId }) =>
          view(rows.find((row) => row.id === id && row.accountId === accountId)),
        ),
      withdraw: (key) =>
        Promise.resolve(key).then(
          ({ id, accountId }) => void view(rows.find((row) => row.id === id && row.accountId === accountId)),
        ),
    },
  };

  function ofInterview(id: string): Row[] {
    return rows.filter((row) => row.interviewId === id);
  }
}
