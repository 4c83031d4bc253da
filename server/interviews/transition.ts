import { REHEARSAL_LIMIT_MS } from '#protocol/interview.ts';
import { AppError } from '#protocol/errors.ts';
import type { Effect, SessionEvent } from './events.ts';
import {
  allTakes,
  deadlineOf,
  isLive,
  isPlayable,
  liveTake,
  takesLeft,
  type Plan,
  type Session,
  type SessionQuestion,
} from './session.ts';
import {
  deleteRehearsals,
  failTake,
  findTake,
  hasFreeTakes,
  isSystemFault,
  newTake,
  questionOf,
  stopTake,
  wrongState,
} from './take-rules.ts';

/** A changed session, or the same object when nothing changed, and what to do about it. */
export interface Transition {
  session: Session;
  effects: Effect[];
}

/**
 * All the rules of an interview: what an event makes of a session. Pure: the same arguments give the same result, and
 * the session passed in is never changed.
 * @param now the server's clock, in milliseconds since 1970 UTC
 * @throws AppError with a code of the wrong-order kind; the session is unchanged then
 */
export function transition(before: Session, event: SessionEvent, now: number): Transition {
  const session = structuredClone(before);
  const effects: Effect[] = [];
  // What falls due at the same instant comes first: a command that arrives after the deadline is too late.
  if (event.type !== 'tick') settleTime(session, now, null, effects);
  apply(session, event, now, effects);
  finishSubmitting(session, effects);
  return { session, effects };
}

function apply(session: Session, event: SessionEvent, now: number, effects: Effect[]): void {
  switch (event.type) {
    case 'check_pass':
      if (session.state === 'checked') return;
      requireState(session, 'consented');
      session.state = 'checked';
      return;
    case 'rehearsal_arm': {
      requireState(session, 'checked');
      requireNoLiveTake(session);
      deleteRehearsals(session, effects);
      const take = newTake(event.takeId, session.rehearsals.length + 1, now);
      session.rehearsals.push(take);
      effects.push({ type: 'arm', takeId: take.id, countdownEndsAt: take.countdownEndsAt });
      return;
    }
    case 'rehearsal_stop':
      return stopTake(session, findTake(session.rehearsals, event.takeId), 'candidate', now, effects);
    case 'rehearsal_delete':
      requireState(session, 'checked');
      return deleteRehearsals(session, effects);
    case 'start':
      return start(session, event.plan, now, effects);
    case 'open':
      return open(session, event.questionId, now);
    case 'ready': {
      const question = runningQuestion(session, event.questionId);
      if (question.state !== 'thinking') throw wrongState('There is no thinking time to end.');
      question.state = 'ready';
      return;
    }
    case 'skip': {
      const question = runningQuestion(session, event.questionId);
      requireNoLiveTake(session);
      if (question.state === 'unseen') throw wrongState('This question has not been opened yet.');
      question.state = 'skipped';
      question.pickId = null;
      return;
    }
    case 'arm':
      return arm(session, event.questionId, event.takeId, now, effects);
    case 'stop':
      return stopTake(session, findTake(allTakes(session), event.takeId), 'candidate', now, effects);
    case 'pick': {
      const question = runningQuestion(session, event.questionId);
      const take = findTake(question.takes, event.takeId);
      if (!isPlayable(take)) throw new AppError('take_not_playable', 'This take cannot be played, so it cannot count.');
      question.pickId = take.id;
      if (question.state === 'skipped') question.state = 'reviewing';
      return;
    }
    case 'submit':
      if (session.state === 'submitting' || session.state === 'stored') return;
      requireState(session, 'running');
      requireNoLiveTake(session);
      session.state = 'submitting';
      session.submittedAt = now;
      return;
    case 'withdraw':
      if (session.state === 'withdrawn') return;
      if (session.state === 'submitting' || session.state === 'stored')
        throw wrongState('It has been submitted. Ask for deletion instead.');
      for (const take of allTakes(session).filter(isLive)) effects.push({ type: 'abort', takeId: take.id });
      for (const take of allTakes(session)) take.state = 'deleted';
      for (const question of session.questions) question.pickId = null;
      session.state = 'withdrawn';
      session.withdrawnAt = now;
      effects.push({ type: 'erase' });
      return;
    case 'delete_answers':
      if (session.answersDeletedAt !== null) return;
      requireState(session, 'stored');
      for (const take of allTakes(session)) {
        take.state = 'deleted';
        take.stored = null;
      }
      session.answersDeletedAt = now;
      effects.push({ type: 'erase' });
      return;
    case 'go': {
      const take = findTake(allTakes(session), event.takeId);
      if (take.state !== 'arming') throw wrongState('This take is not being armed.');
      const question = questionOf(session, take);
      take.state = 'recording';
      take.goAt = now;
      const limit = now + (question?.answerLimitMs ?? REHEARSAL_LIMIT_MS);
      take.endsAt = question ? Math.min(limit, deadlineOf(session) ?? limit) : limit;
      if (question) question.state = 'recording';
      return;
    }
    case 'cut': {
      const take = findTake(allTakes(session), event.takeId);
      if (take.state === 'recording') stopTake(session, take, event.reason, now, effects);
      return;
    }
    case 'captured': {
      const take = findTake(allTakes(session), event.takeId);
      if (take.state !== 'stopping' && take.state !== 'recording') return;
      const interrupted = isSystemFault(take.stopReason);
      take.state = interrupted ? 'interrupted' : 'playable';
      take.durationMs = event.durationMs;
      const question = questionOf(session, take);
      take.free = interrupted && hasFreeTakes(question);
      if (question && session.state === 'running') question.state = 'reviewing';
      return;
    }
    case 'capture_failed':
      return failTake(session, findTake(allTakes(session), event.takeId), event.reason, now);
    case 'published': {
      const take = findTake(allTakes(session), event.takeId);
      take.stored = event.stored;
      take.state = 'stored';
      return;
    }
    case 'stored':
      requireState(session, 'submitting');
      for (const take of allTakes(session)) if (take.state !== 'stored') take.state = 'deleted';
      session.state = 'stored';
      session.storedAt = now;
      return;
    case 'tick':
      return settleTime(session, now, event.takeId, effects);
    default:
      assertUnreachable(event);
  }
}

function start(session: Session, plan: Plan, now: number, effects: Effect[]): void {
  if (session.startedAt !== null) throw new AppError('already_started', 'The interview has started already.');
  requireState(session, 'checked');
  for (const take of session.rehearsals.filter(isLive)) effects.push({ type: 'abort', takeId: take.id });
  deleteRehearsals(session, effects);
  session.questions = plan.questions.map((question) => ({
    ...question,
    state: 'unseen',
    thinkingEndsAt: null,
    takes: [],
    pickId: null,
  }));
  session.totalTimeMs = plan.totalTimeMs;
  session.autoStart = plan.autoStart;
  session.state = 'running';
  session.startedAt = now;
  const first = session.questions[0];
  if (first) open(session, first.id, now);
}

function open(session: Session, questionId: string, now: number): void {
  const question = runningQuestion(session, questionId);
  if (session.currentQuestionId === question.id && question.state !== 'unseen' && question.state !== 'skipped') return;
  requireNoLiveTake(session);
  if (question.state === 'unseen') {
    const earlier = session.questions.slice(0, session.questions.indexOf(question));
    if (earlier.some((other) => other.state !== 'reviewing' && other.state !== 'skipped'))
      throw wrongState('Answer or skip the question before this one first.');
    question.state = question.thinkingTimeMs > 0 ? 'thinking' : 'ready';
    question.thinkingEndsAt = question.thinkingTimeMs > 0 ? now + question.thinkingTimeMs : null;
  } else if (question.state === 'skipped') {
    // Coming back brings no new thinking time.
    question.state = question.takes.some(isPlayable) ? 'reviewing' : 'ready';
  }
  session.currentQuestionId = question.id;
}

function arm(session: Session, questionId: string, takeId: string, now: number, effects: Effect[]): void {
  const question = runningQuestion(session, questionId);
  requireNoLiveTake(session);
  if (session.currentQuestionId !== question.id) throw wrongState('Open the question before you record an answer.');
  if (takesLeft(question) === 0) throw new AppError('no_takes_left', 'All takes of this question have been used.');
  const take = newTake(takeId, question.takes.length + 1, now);
  question.takes.push(take);
  question.state = 'arming';
  effects.push({ type: 'arm', takeId: take.id, countdownEndsAt: take.countdownEndsAt });
}

/** Does what has fallen due: the end of thinking, of a take, of the interview. */
function settleTime(session: Session, now: number, newTakeId: string | null, effects: Effect[]): void {
  const deadline = deadlineOf(session);
  const over = session.state === 'running' && deadline !== null && now >= deadline;
  const take = liveTake(session);
  if (take?.state === 'recording' && take.endsAt !== null && now >= take.endsAt)
    stopTake(session, take, over ? 'deadline' : 'limit', now, effects);
  if (over) {
    if (take?.state === 'arming') stopTake(session, take, 'deadline', now, effects);
    session.state = 'submitting';
    session.submittedAt = now;
    return;
  }
  if (session.state !== 'running') return;
  for (const question of session.questions) {
    if (question.state !== 'thinking' || question.thinkingEndsAt === null || now < question.thinkingEndsAt) continue;
    question.state = 'ready';
    const startsItself = session.autoStart && question.id === session.currentQuestionId && !liveTake(session);
    if (startsItself && newTakeId !== null) arm(session, question.id, newTakeId, now, effects);
  }
}

/** Once the last take has come to rest, a submitted session gets its picks and goes to be published. */
function finishSubmitting(session: Session, effects: Effect[]): void {
  if (session.state !== 'submitting' || liveTake(session)) return;
  for (const question of session.questions) {
    if (question.state === 'skipped') continue;
    question.pickId ??= question.takes.findLast(isPlayable)?.id ?? null;
  }
  effects.push({ type: 'publish' });
}

function runningQuestion(session: Session, questionId: string): SessionQuestion {
  if (session.state === 'submitting' || session.state === 'stored')
    throw new AppError('deadline_passed', 'The interview has ended and was submitted.');
  requireState(session, 'running');
  const question = session.questions.find((candidate) => candidate.id === questionId);
  if (!question) throw new AppError('unknown_question', 'This question is not part of the interview.');
  return question;
}

function requireState(session: Session, state: Session['state']): void {
  if (session.state !== state) throw wrongState(`This needs a session that is ${state}; it is ${session.state}.`);
}

function requireNoLiveTake(session: Session): void {
  if (liveTake(session)) throw new AppError('take_in_progress', 'A take is being recorded. Stop it first.');
}

function assertUnreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
