import {
  MAX_ARMINGS_PER_QUESTION,
  type QuestionState,
  type SessionState,
  type StopReason,
  type TakeState,
  type AnswersDeletion,
} from '#protocol/session.ts';

/** A saved answer where it finally lies, after it was read back from there. */
export interface StoredAnswer {
  key: string;
  bytes: number;
  sha256: string;
  durationMs: number;
  width: number;
  height: number;
}

/** One recorded attempt. */
export interface Take {
  id: string;
  /** 1 for the first of its question that began; one that never begins has the number that the next one gets. */
  number: number;
  state: TakeState;
  /** Cut short, or never begun, by the system's fault: it uses up no take. */
  free: boolean;
  armedAt: number;
  countdownEndsAt: number;
  goAt: number | null;
  /** When the server ends it at the latest. */
  endsAt: number | null;
  stoppedAt: number | null;
  stopReason: StopReason | null;
  /** Of the capture, as decoded. */
  durationMs: number | null;
  stored: StoredAnswer | null;
  /** When saving it was given up; its capture is kept, and the next start of the server tries once more. */
  publishFailedAt: number | null;
}

/** One question of a session, as it was when the interview's clock started. */
export interface SessionQuestion {
  id: string;
  text: string;
  answerLimitMs: number;
  thinkingTimeMs: number;
  takesAllowed: number;
  state: QuestionState;
  thinkingEndsAt: number | null;
  /** Those that are deleted for certain and never began are forgotten. */
  takes: Take[];
  /** How often a take was begun, forgotten ones included. */
  armings: number;
  pickId: string | null;
}

/** What of an interview a session keeps a copy of when its clock starts. */
export interface Plan {
  totalTimeMs: number;
  autoStart: boolean;
  questions: Pick<SessionQuestion, 'id' | 'text' | 'answerLimitMs' | 'thinkingTimeMs' | 'takesAllowed'>[];
}

/** A written change of the interview's deadline: the only thing that moves it. */
export interface Adjustment {
  reason: 'server_down';
  ms: number;
  /** When it was written: time before this instant has been given back. */
  at: number;
}

/** One candidate's go at an interview: the whole truth of it, one document. */
export interface Session {
  id: string;
  /** Grows with every change; writes are compare-and-set on it. */
  version: number;
  interviewId: string;
  organisationId: string;
  accountId: string;
  attempt: number;
  interview: { title: string; slug: string; introduction: string; organisation: string; contact: string | null };
  candidate: { name: string; email: string };
  state: SessionState;
  consent: { version: string; language: string; text: string; at: number };
  totalTimeMs: number;
  autoStart: boolean;
  startedAt: number | null;
  adjustments: Adjustment[];
  currentQuestionId: string | null;
  questions: SessionQuestion[];
  /** The newest, and those before it until they are deleted for certain. */
  rehearsals: Take[];
  /** How often one was begun. */
  rehearsalArmings: number;
  submittedAt: number | null;
  storedAt: number | null;
  withdrawnAt: number | null;
  expiredAt: number | null;
  /** When somebody asked for the saved answers to be deleted. */
  deletionAskedAt: number | null;
  /** When it was certain that they are gone. */
  answersDeletedAt: number | null;
  /** Takes that count as deleted and whose files are not proved to be gone yet. */
  erasing: string[];
  /** When the sweep has to look at it next; null when never. */
  sweepAt: number | null;
}

const LIVE: readonly TakeState[] = ['arming', 'recording', 'stopping'];
const PLAYABLE: readonly TakeState[] = ['playable', 'interrupted'];

/** Whether the recorder is at work on the take. */
export const isLive = (take: Take): boolean => LIVE.includes(take.state);
/** Whether the take can be replayed and picked. */
export const isPlayable = (take: Take): boolean => PLAYABLE.includes(take.state);

/** Every take of a session, rehearsals included. */
export function allTakes(session: Session): Take[] {
  return [...session.rehearsals, ...session.questions.flatMap((question) => question.takes)];
}

/** The take that the recorder is at work on; there is at most one. */
export function liveTake(session: Session): Take | undefined {
  return allTakes(session).find(isLive);
}

/** The picked takes of a session, in the order of its questions. */
export function picksOf(session: Session): { question: SessionQuestion; take: Take }[] {
  return session.questions.flatMap((question) => {
    const take = question.takes.find((candidate) => candidate.id === question.pickId);
    return take ? [{ question, take }] : [];
  });
}

/** The instant at which the interview ends, whatever happens; null before "Start interview". */
export function deadlineOf(session: Session): number | null {
  if (session.startedAt === null) return null;
  return session.adjustments.reduce((at, { ms }) => at + ms, session.startedAt + session.totalTimeMs);
}

/** Whether nothing of the session is to be left. */
export function isErasedWhole(session: Session): boolean {
  return session.state === 'withdrawn' || session.state === 'expired' || session.deletionAskedAt !== null;
}

/** Whether files that count as deleted may still be there. */
export function isErasing(session: Session): boolean {
  return session.erasing.length > 0 || (session.deletionAskedAt !== null && session.answersDeletedAt === null);
}

/** What has become of submitted answers; null while they are kept. */
export function deletionOf(session: Pick<Session, 'deletionAskedAt' | 'answersDeletedAt'>): AnswersDeletion | null {
  if (session.answersDeletedAt !== null) return 'done';
  return session.deletionAskedAt === null ? null : 'asked';
}

/** How many takes the candidate may still record of a question. */
export function takesLeft(question: SessionQuestion): number {
  if (question.armings >= MAX_ARMINGS_PER_QUESTION) return 0;
  return Math.max(0, question.takesAllowed - question.takes.filter((take) => !take.free).length);
}

/**
 * Whether the first take of a question begins by itself: at the end of its thinking time, or, when another question is
 * shown then, as soon as it is shown again.
 */
export function startsItself(session: Session, question: SessionQuestion): boolean {
  const begun = question.takes.some(({ goAt }) => goAt !== null);
  return session.autoStart && question.thinkingEndsAt !== null && !begun;
}

/** When the session next changes by itself, and `tick` has to be sent; null when it never does. */
export function nextDueAt(session: Session): number | null {
  const due: number[] = [];
  const take = liveTake(session);
  if (take?.state === 'recording' && take.endsAt !== null) due.push(take.endsAt);
  if (session.state === 'running') {
    const deadline = deadlineOf(session);
    if (deadline !== null) due.push(deadline);
    for (const question of session.questions) {
      const waits = startsItself(session, question) && question.id !== session.currentQuestionId;
      if (question.state === 'thinking' && question.thinkingEndsAt !== null && !waits)
        due.push(question.thinkingEndsAt);
    }
  }
  return due.length > 0 ? Math.min(...due) : null;
}
