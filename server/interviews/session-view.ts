import { REHEARSAL_LIMIT_MS, REHEARSAL_TEXT } from '#protocol/interview.ts';
import type { CandidateQuestionView, PublishView, SessionView, TakeView } from '#protocol/session.ts';
import type { MediaUrls } from '#server/media-urls.ts';
import {
  deadlineOf,
  isErasing,
  isPlayable,
  takesLeft,
  type Session,
  type SessionQuestion,
  type Take,
} from './session.ts';
import { isSystemFault } from './take-rules.ts';
import type { AnswerPick, SessionRecord } from './session-reads.ts';

/**
 * What the candidate's page shows of a session. The text of a question that was not opened yet is left out.
 * @param publishing how far the saving of each pick is, if the session is being saved
 */
export function toSessionView(
  session: Session,
  options: { now: number; urls: MediaUrls; questionCount: number; publishing: PublishView[] },
): SessionView {
  const { now, urls, questionCount, publishing } = options;
  const takeView = (take: Take): TakeView => ({
    id: take.id,
    number: take.number,
    state: take.state,
    countdownEndsAt: take.countdownEndsAt,
    goAt: take.goAt,
    endsAt: take.endsAt,
    stopReason: take.stopReason,
    durationMs: take.durationMs,
    free: take.free,
    url: isPlayable(take) ? urls.sign({ kind: 'capture', sessionId: session.id, takeId: take.id }) : null,
  });
  const questionView = (question: SessionQuestion, index: number): CandidateQuestionView => ({
    id: question.id,
    number: index + 1,
    text: question.state === 'unseen' ? null : question.text,
    answerLimitMs: question.answerLimitMs,
    thinkingTimeMs: question.thinkingTimeMs,
    takesAllowed: question.takesAllowed,
    takesLeft: takesLeft(question),
    state: question.state,
    thinkingEndsAt: question.state === 'thinking' ? question.thinkingEndsAt : null,
    takes: question.takes.map(takeView),
    pickId: question.pickId,
  });
  const { title, introduction, organisation, contact } = session.interview;
  return {
    id: session.id,
    version: session.version,
    now,
    state: session.state,
    interview: {
      ...{ title, introduction, organisation, contact, questionCount },
      totalTimeMs: session.totalTimeMs,
      autoStart: session.autoStart,
    },
    startedAt: session.startedAt,
    deadlineAt: deadlineOf(session),
    currentQuestionId: session.currentQuestionId,
    questions: session.questions.map(questionView),
    rehearsal: { text: REHEARSAL_TEXT, limitMs: REHEARSAL_LIMIT_MS, takes: session.rehearsals.map(takeView) },
    publishing,
    erasing: isErasing(session),
    submittedAt: session.submittedAt,
    storedAt: session.storedAt,
  };
}

/** A session as the pages of recruiters and of "My answers" read it. */
export function toSessionRecord(session: Session): SessionRecord {
  const { title, slug, organisation } = session.interview;
  return {
    id: session.id,
    interviewId: session.interviewId,
    organisationId: session.organisationId,
    accountId: session.accountId,
    interview: { title, slug, organisation },
    candidate: session.candidate,
    state: session.state,
    attempt: session.attempt,
    consent: { version: session.consent.version, at: session.consent.at },
    startedAt: session.startedAt,
    deadlineAt: deadlineOf(session),
    submittedAt: session.submittedAt,
    storedAt: session.storedAt,
    deletionAskedAt: session.deletionAskedAt,
    answersDeletedAt: session.answersDeletedAt,
    answers: session.questions.map((question) => ({
      questionId: question.id,
      text: question.text,
      takesUsed: question.takes.filter((take) => !take.free).length,
      pick: toPick(question),
    })),
  };
}

function toPick(question: SessionQuestion): AnswerPick | null {
  const take = question.takes.find((candidate) => candidate.id === question.pickId);
  if (!take) return null;
  return {
    takeNumber: take.number,
    durationMs: take.stored?.durationMs ?? take.durationMs,
    interrupted: isSystemFault(take.stopReason),
    failed: take.publishFailedAt !== null,
    stored: take.stored && {
      key: take.stored.key,
      bytes: take.stored.bytes,
      width: take.stored.width,
      height: take.stored.height,
    },
  };
}
