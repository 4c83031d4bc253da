import type { AnswerView, MySessionDetail, MySessionRow, SessionDetail, SessionRow } from '#protocol/session.ts';
import type { MediaUrls } from '#server/media-urls.ts';
import { deletionOf } from './session.ts';
import type { AnswerPick, AnswerRecord, SessionRecord } from './session-reads.ts';

/** A row of the recruiter's list of candidates. */
export function toSessionRow(session: SessionRecord): SessionRow {
  const { id, candidate, state, attempt, answers, startedAt, submittedAt, storedAt } = session;
  return {
    ...{ id, name: candidate.name, email: candidate.email, state, attempt, startedAt, submittedAt, storedAt },
    ...submission(session),
    answered: answers.filter(({ pick }) => pick !== null).length,
    questionCount: answers.length,
  };
}

/** One candidate's session with the addresses of its saved answers. */
export function toSessionDetail(session: SessionRecord, urls: MediaUrls): SessionDetail {
  const { interviewId, interview, consent, answersDeletedAt } = session;
  return {
    ...toSessionRow(session),
    ...{ interviewId, interviewTitle: interview.title, consent, answersDeletedAt },
    // Read before the addresses are made, so that none of them is promised longer than it lasts.
    urlsExpireAt: urls.expiresAt(),
    answers: toAnswers(session, urls),
  };
}

/** A row of "My answers". */
export function toMySessionRow(session: SessionRecord): MySessionRow {
  const { id, interview, state, startedAt, deadlineAt, submittedAt, storedAt } = session;
  return { id, ...interview, state, startedAt, deadlineAt, submittedAt, storedAt, ...submission(session) };
}

/** How the answers were submitted, and whether they are kept. */
function submission({ deadlineAt, submittedAt, deletionAskedAt, answersDeletedAt }: SessionRecord) {
  return {
    submittedByClock: submittedAt !== null && deadlineAt !== null && submittedAt >= deadlineAt,
    answersDeletion: deletionOf({ deletionAskedAt, answersDeletedAt }),
  };
}

/** One's own session with the addresses of its saved answers. */
export function toMySessionDetail(session: SessionRecord, urls: MediaUrls): MySessionDetail {
  return { ...toMySessionRow(session), urlsExpireAt: urls.expiresAt(), answers: toAnswers(session, urls) };
}

/**
 * The answers that were given: none before the submit, as until then the picks may change and nobody but the candidate
 * has a right to see them.
 */
function toAnswers(session: SessionRecord, urls: MediaUrls): AnswerView[] {
  if (session.state !== 'submitting' && session.state !== 'stored') return [];
  return session.answers.map((answer, index) => toAnswer(answer, index + 1, session, urls));
}

function toAnswer(answer: AnswerRecord, number: number, session: SessionRecord, urls: MediaUrls): AnswerView {
  const { questionId, text, takesUsed, pick } = answer;
  // From the wish on nobody sees them, though it may take a while until they are gone.
  const stored = session.deletionAskedAt === null ? (pick?.stored ?? null) : null;
  return {
    ...{ number, questionId, text, takesUsed },
    takeNumber: pick?.takeNumber ?? null,
    durationMs: pick?.durationMs ?? null,
    interrupted: pick?.interrupted ?? false,
    bytes: stored?.bytes ?? null,
    width: stored?.width ?? null,
    height: stored?.height ?? null,
    state: stateOf(pick, session),
    url: stored ? urls.sign({ kind: 'stored', key: stored.key }) : null,
  };
}

function stateOf(pick: AnswerPick | null, session: SessionRecord): AnswerView['state'] {
  if (pick === null) return 'none';
  if (session.answersDeletedAt !== null) return 'deleted';
  if (session.deletionAskedAt !== null) return 'deleting';
  if (pick.stored !== null) return 'stored';
  return pick.failed ? 'failed' : 'saving';
}
