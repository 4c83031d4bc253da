import { consentParagraphs } from '#protocol/consent.ts';
import { AppError } from '#protocol/errors.ts';
import type { Interviews } from '#server/store/interviews.ts';
import type { NewSession } from './gate-service.ts';
import type { Plan, Session } from './session.ts';

/** The session of somebody who has agreed at the instant `now`. */
export function newSession(made: NewSession, now: number): Omit<Session, 'id'> {
  const { interview, organisation, person, consent, attempt } = made;
  const { title, introduction, contact } = interview;
  return {
    version: 1,
    interviewId: interview.id,
    organisationId: interview.organisationId,
    accountId: person.id,
    attempt,
    interview: { title, slug: interview.slug ?? '', introduction, organisation, contact },
    candidate: { name: person.name, email: person.email },
    state: 'consented',
    consent: { ...consent, text: consentParagraphs(organisation).join('\n\n'), at: now },
    totalTimeMs: interview.totalTimeMs,
    autoStart: interview.autoStart,
    ...{ startedAt: null, submittedAt: null, storedAt: null, withdrawnAt: null, expiredAt: null },
    ...{ deletionAskedAt: null, answersDeletedAt: null, erasing: [], sweepAt: null },
    ...{ adjustments: [], currentQuestionId: null, questions: [], rehearsals: [] },
  };
}

/**
 * The questions as they are when a session starts; from then on they are frozen.
 * @throws AppError `not_found`, `closed`, `not_open_yet`
 */
export async function readPlan(interviews: Interviews, interviewId: string, now: number): Promise<Plan> {
  const found = await interviews.byId(interviewId);
  if (!found) throw new AppError('not_found', 'This interview does not exist any more.');
  if (found.closesAt !== null && now >= found.closesAt) throw new AppError('closed', 'This interview is closed.');
  if (found.opensAt !== null && now < found.opensAt)
    throw new AppError('not_open_yet', 'This interview has not opened yet.');
  await interviews.freeze(interviewId, now);
  const frozen = (await interviews.byId(interviewId)) ?? found;
  const { totalTimeMs, autoStart } = frozen;
  const questions = frozen.questions.map(({ id, text, answerLimitMs, thinkingTimeMs, takesAllowed }) => ({
    ...{ id, text, answerLimitMs, thinkingTimeMs, takesAllowed },
  }));
  return { totalTimeMs, autoStart, questions };
}
