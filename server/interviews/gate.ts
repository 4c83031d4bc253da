import { consentParagraphs, CONSENT_VERSION } from '#protocol/consent.ts';
import { AppError, type ErrorCode } from '#protocol/errors.ts';
import { MAX_SESSIONS_PER_PERSON, type GateView, type SessionState } from '#protocol/session.ts';
import type { Interview } from '#server/store/interviews.ts';
import { deletionOf } from './session.ts';

/** What the gate needs to know of one of the visitor's sessions. */
export interface VisitorSession {
  id: string;
  state: SessionState;
  /** Null until "Start interview". */
  startedAt: number | null;
  /** When somebody asked for its answers to be deleted, and when they were gone. */
  deletionAskedAt: number | null;
  answersDeletedAt: number | null;
}

export interface Visit {
  /** Of its address list, the visitor's own address is enough. */
  interview: Interview;
  /** The name that the interview is shown under. */
  organisation: string;
  /** Verified, lower case. */
  email: string;
  /** The visitor's sessions of this interview, the oldest first. */
  sessions: readonly VisitorSession[];
  now: number;
}

/** What a visitor of an interview's link finds, and with which session. */
export type GateDecision =
  | { status: 'resume' | 'finished'; session: VisitorSession }
  | { status: 'open' | 'not_allowed' | 'not_open_yet' | 'closed'; session: null };

/**
 * Decides what a visitor of an interview's link finds. Whoever has started goes on, whatever has changed since: neither
 * a closing date nor a shortened address list cuts a running session. A session that was never started uses up no
 * attempt; one that was withdrawn after its start does, as its questions have been seen. But there is an end to beginning
 * anew, so that nobody fills the database.
 */
export function decideGate(visit: Omit<Visit, 'organisation'>): GateDecision {
  const { interview, email, sessions, now } = visit;
  const underWay = sessions.findLast(({ state }) => state === 'running' || state === 'submitting');
  if (underWay) return { status: 'resume', session: underWay };

  const finished = sessions.findLast(({ startedAt }) => startedAt !== null);
  const attemptsUsed = sessions.filter(({ startedAt }) => startedAt !== null).length;
  if (finished && attemptsUsed >= interview.attemptsAllowed) return { status: 'finished', session: finished };

  const refusal = refuse(interview, email, now);
  if (refusal) return finished ? { status: 'finished', session: finished } : { status: refusal, session: null };

  const prepared = sessions.findLast(({ state }) => state === 'consented' || state === 'checked');
  if (prepared) return { status: 'resume', session: prepared };
  const last = sessions.at(-1);
  return last && sessions.length >= MAX_SESSIONS_PER_PERSON
    ? { status: 'finished', session: last }
    : { status: 'open', session: null };
}

function refuse(interview: Interview, email: string, now: number): 'not_allowed' | 'not_open_yet' | 'closed' | null {
  const { access, opensAt, closesAt } = interview;
  if (access.kind === 'addresses' && !access.addresses.includes(email)) return 'not_allowed';
  if (opensAt !== null && now < opensAt) return 'not_open_yet';
  if (closesAt !== null && now >= closesAt) return 'closed';
  return null;
}

const REFUSALS = {
  not_allowed: ['not_allowed', 'This interview is open to invited addresses only, and yours is not among them.'],
  not_open_yet: ['not_open_yet', 'This interview has not opened yet.'],
  closed: ['closed', 'This interview is closed.'],
  finished: ['attempts_used', 'You have used all your attempts at this interview.'],
} as const satisfies Record<Exclude<GateView['status'], 'open' | 'resume'>, readonly [ErrorCode, string]>;

/** The error of whoever may not enter. */
export function refusalOf(status: keyof typeof REFUSALS): AppError {
  const [code, message] = REFUSALS[status];
  return new AppError(code, message);
}

/**
 * Asks the gate once more when a prepared session is to start: the address list, the attempts and the dates may have
 * changed since its candidate has agreed.
 * @param visit.sessions with the one that is to start
 * @throws AppError `not_allowed`, `not_open_yet`, `closed`, `attempts_used`; `wrong_state` when another of the person's
 * sessions is under way
 */
export function assertMayStart(sessionId: string, visit: Omit<Visit, 'organisation'>): void {
  const { status, session } = decideGate(visit);
  if (status === 'resume' && session.id === sessionId) return;
  if (status === 'resume' || status === 'open')
    throw new AppError('wrong_state', 'Another session of yours is under way in this interview.');
  throw refusalOf(status);
}

/** The page behind a link, as {@link decideGate} decides. Who may not enter learns nothing of the questions. */
export function viewGate(visit: Visit): GateView {
  const { interview, organisation, email } = visit;
  const { status, session } = decideGate(visit);
  const entering = status === 'open' || status === 'resume';
  return {
    status,
    email,
    title: interview.title,
    organisation,
    contact: interview.contact,
    opensAt: interview.opensAt,
    closesAt: interview.closesAt,
    timeZone: interview.timeZone,
    details: entering
      ? {
          introduction: interview.introduction,
          questions: interview.questions.map(({ answerLimitMs, thinkingTimeMs, takesAllowed }) => ({
            answerLimitMs,
            thinkingTimeMs,
            takesAllowed,
          })),
          totalTimeMs: interview.totalTimeMs,
          autoStart: interview.autoStart,
          consent: { version: CONSENT_VERSION, paragraphs: consentParagraphs(organisation) },
        }
      : null,
    sessionId: session?.id ?? null,
    sessionState: (session ?? (status === 'open' ? visit.sessions.at(-1) : null))?.state ?? null,
    answersDeletion: session && deletionOf(session),
  };
}
