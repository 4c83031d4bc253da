import { consentParagraphs } from '#protocol/consent.ts';
import { AppError } from '#protocol/errors.ts';
import type { Interviews } from '#server/store/interviews.ts';
import type { NewSession } from './gate-service.ts';
import { assertMayStart, type VisitorSession } from './gate.ts';
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
    ...{ adjustments: [], currentQuestionId: null, questions: [], rehearsals: [], rehearsalArmings: 0 },
  };
}

export interface PlanReads {
  interviews: Pick<Interviews, 'forVisitor' | 'byId' | 'freeze'>;
  /** The person's sessions of an interview, the oldest first. */
  sessionsOf: (interviewId: string, accountId: string) => Promise<VisitorSession[]>;
}

/**
 * The questions as they are when a session starts; from then on they are frozen. The gate is asked again, under the
 * address that the candidate has agreed with: who may not enter any more may not start either.
 * @throws AppError `not_found`, and those of {@link assertMayStart}
 */
export async function readPlan(reads: PlanReads, session: Session, now: number): Promise<Plan> {
  const { interviews, sessionsOf } = reads;
  const { interviewId, accountId } = session;
  const { email } = session.candidate;
  const found = await interviews.forVisitor(interviewId, email);
  if (!found) throw new AppError('not_found', 'This interview does not exist any more.');
  const visitor = { interview: found, email, sessions: await sessionsOf(interviewId, accountId), now };
  assertMayStart(session.id, visitor);
  await interviews.freeze(interviewId, now);
  const frozen = (await interviews.byId(interviewId)) ?? found;
  const { totalTimeMs, autoStart } = frozen;
  const questions = frozen.questions.map(({ id, text, answerLimitMs, thinkingTimeMs, takesAllowed }) => ({
    ...{ id, text, answerLimitMs, thinkingTimeMs, takesAllowed },
  }));
  return { totalTimeMs, autoStart, questions };
}
