import { AppError } from '#protocol/errors.ts';
import { MAX_ARMINGS_PER_QUESTION } from '#protocol/session.ts';
import type { Effect } from './events.ts';
import { findTake, requireNoLiveTake, requireState, runningQuestion, wrongState } from './guards.ts';
import { isPlayable, startsItself, takesLeft, type Plan, type Session, type SessionQuestion } from './session.ts';
import { deleteRehearsals, eraseTakes, newTake } from './take-rules.ts';

/** Starts the interview's clock with the questions as they are now, and opens the first. */
export function start(session: Session, plan: Plan, now: number, effects: Effect[]): void {
  if (session.startedAt !== null) throw new AppError('already_started', 'The interview has started already.');
  requireState(session, 'checked');
  deleteRehearsals(session, effects);
  session.questions = plan.questions.map((question) => ({
    ...question,
    state: 'unseen',
    thinkingEndsAt: null,
    takes: [],
    armings: 0,
    pickId: null,
  }));
  session.totalTimeMs = plan.totalTimeMs;
  session.autoStart = plan.autoStart;
  session.state = 'running';
  session.startedAt = now;
  const first = session.questions[0];
  if (first) open(session, first.id, now);
}

/** Shows a question, for the first time or again. */
export function open(session: Session, questionId: string, now: number): void {
  const question = runningQuestion(session, questionId);
  if (session.currentQuestionId === question.id && question.state !== 'unseen' && question.state !== 'skipped') return;
  requireNoLiveTake(session);
  if (question.state === 'unseen') {
    const earlier = session.questions.slice(0, session.questions.indexOf(question));
    if (earlier.some((other) => other.state !== 'reviewing' && other.state !== 'skipped' && takesLeft(other) > 0))
      throw wrongState('Answer or skip the question before this one first.');
    question.state = question.thinkingTimeMs > 0 ? 'thinking' : 'ready';
    question.thinkingEndsAt = question.thinkingTimeMs > 0 ? now + question.thinkingTimeMs : null;
  } else if (question.state === 'skipped') {
    question.state = question.takes.some(isPlayable) ? 'reviewing' : stateBeforeTakes(session, question, now);
  }
  session.currentQuestionId = question.id;
}

/** Coming back brings no new thinking time: what was left of it goes on, and what starts by itself still does. */
function stateBeforeTakes(session: Session, question: SessionQuestion, now: number): SessionQuestion['state'] {
  if (question.thinkingEndsAt === null) return 'ready';
  return now < question.thinkingEndsAt || startsItself(session, question) ? 'thinking' : 'ready';
}

/** Ends thinking time early; where recording starts by itself, the tick that is due now begins it. */
export function endThinking(session: Session, questionId: string, now: number): void {
  const question = runningQuestion(session, questionId);
  if (question.state !== 'thinking') throw wrongState('There is no thinking time to end.');
  question.thinkingEndsAt = Math.min(now, question.thinkingEndsAt ?? now);
  if (!startsItself(session, question)) question.state = 'ready';
}

/** Passes over a question that was opened; its pick is dropped. */
export function skip(session: Session, questionId: string): void {
  const question = runningQuestion(session, questionId);
  requireNoLiveTake(session);
  if (question.state === 'unseen') throw wrongState('This question has not been opened yet.');
  question.state = 'skipped';
  question.pickId = null;
}

/** Begins a take of the question that is shown. */
export function arm(session: Session, questionId: string, takeId: string, now: number, effects: Effect[]): void {
  const question = runningQuestion(session, questionId);
  requireNoLiveTake(session);
  if (session.currentQuestionId !== question.id) throw wrongState('Open the question before you record an answer.');
  if (question.armings >= MAX_ARMINGS_PER_QUESTION)
    throw new AppError('too_many_tries', 'A recording of this question was begun too often. Please go on without it.');
  if (takesLeft(question) === 0) throw new AppError('no_takes_left', 'All takes of this question have been used.');
  const neverBegan = question.takes.filter(({ goAt }) => goAt === null);
  const take = newTake(takeId, question.takes.length - neverBegan.length + 1, now);
  question.takes.push(take);
  question.armings += 1;
  question.state = 'arming';
  effects.push({ type: 'arm', takeId: take.id, countdownEndsAt: take.countdownEndsAt });
  // They told the candidate what had gone wrong; with the next try they are forgotten.
  eraseTakes(session, neverBegan, effects);
}

/** Chooses the take that counts. */
export function pick(session: Session, questionId: string, takeId: string): void {
  const question = runningQuestion(session, questionId);
  const take = findTake(question.takes, takeId);
  if (!isPlayable(take)) throw new AppError('take_not_playable', 'This take cannot be played, so it cannot count.');
  question.pickId = take.id;
  if (question.state === 'skipped') question.state = 'reviewing';
}
