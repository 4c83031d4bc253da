import { AppError } from '#protocol/errors.ts';
import { MAX_REHEARSALS } from '#protocol/session.ts';
import { deleteAnswers, expire, finishSubmitting, noteErased, store, submit, withdraw } from './ending-rules.ts';
import type { Effect, SessionEvent } from './events.ts';
import { findTake, questionOf, requireNoLiveTake, requireState, wrongState } from './guards.ts';
import { arm, endThinking, open, pick, skip, start } from './question-rules.ts';
import { allTakes, startsItself, type Session } from './session.ts';
import { sweep, sweepDueAt } from './sweep-rules.ts';
import { deleteRehearsals, failTake, finishTake, newTake, stopTake, takeEndsAt } from './take-rules.ts';
import { comeBack, settleTime } from './time-rules.ts';

/** A changed copy of the session, and what to do about it. */
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
  if (event.type !== 'tick' && event.type !== 'server_back') settleTime(session, now, 'with_next_tick', effects);
  apply(session, event, now, effects);
  finishSubmitting(before, session, effects);
  session.sweepAt = sweepDueAt(session, now);
  return { session, effects };
}

function apply(session: Session, event: SessionEvent, now: number, effects: Effect[]): void {
  switch (event.type) {
    case 'check_pass':
      if (session.state === 'checked') return;
      requireState(session, 'consented');
      session.state = 'checked';
      return;
    case 'rehearsal_arm':
      return rehearse(session, event.takeId, now, effects);
    case 'rehearsal_stop':
      return stopTake(session, findTake(session.rehearsals, event.takeId), 'candidate', now, effects);
    case 'rehearsal_delete':
      requireState(session, 'checked');
      return deleteRehearsals(session, effects);
    case 'start':
      return start(session, event.plan, now, effects);
    case 'open':
      return open(session, event.questionId, now);
    case 'ready':
      return endThinking(session, event.questionId, now);
    case 'skip':
      return skip(session, event.questionId);
    case 'arm':
      return arm(session, event.questionId, event.takeId, now, effects);
    case 'stop':
      return stop(session, event.takeId, now, effects);
    case 'pick':
      return pick(session, event.questionId, event.takeId);
    case 'submit':
      if (session.state === 'submitting' || session.state === 'stored') return;
      requireState(session, 'running');
      requireNoLiveTake(session);
      return submit(session, now);
    case 'withdraw':
      return withdraw(session, now, effects);
    case 'delete_answers':
      return deleteAnswers(session, now, effects);
    case 'go':
      return go(session, event.takeId, now);
    case 'cut': {
      const take = findTake(allTakes(session), event.takeId);
      if (take.state === 'recording') stopTake(session, take, event.reason, now, effects);
      return;
    }
    case 'captured':
      return finishTake(session, findTake(allTakes(session), event.takeId), event.durationMs);
    case 'capture_failed':
      return failTake(session, findTake(allTakes(session), event.takeId), event.reason, now);
    case 'published': {
      requireState(session, 'submitting');
      const take = findTake(allTakes(session), event.takeId);
      take.stored = event.stored;
      take.publishFailedAt = null;
      take.state = 'stored';
      return;
    }
    case 'publish_failed':
      requireState(session, 'submitting');
      findTake(allTakes(session), event.takeId).publishFailedAt = now;
      return;
    case 'stored':
      return store(session, now);
    case 'expire':
      return expire(session, now, effects);
    case 'erased':
      return noteErased(session, event.takeIds, now);
    case 'sweep':
      return sweep(session, now, effects);
    case 'server_back':
      return comeBack(session, event.awaySince, now, effects);
    case 'tick':
      return settleTime(session, now, event, effects);
    default:
      assertUnreachable(event);
  }
}

function rehearse(session: Session, takeId: string, now: number, effects: Effect[]): void {
  requireState(session, 'checked');
  requireNoLiveTake(session);
  if (session.rehearsalArmings >= MAX_REHEARSALS)
    throw new AppError('too_many_tries', 'You have rehearsed very often. Please start the interview.');
  deleteRehearsals(session, effects);
  const take = newTake(takeId, 1, now);
  session.rehearsals.push(take);
  session.rehearsalArmings += 1;
  effects.push({ type: 'arm', takeId: take.id, countdownEndsAt: take.countdownEndsAt });
}

/** The candidate ends a take, or calls one off in its countdown, unless that has begun by itself. */
function stop(session: Session, takeId: string, now: number, effects: Effect[]): void {
  const take = findTake(allTakes(session), takeId);
  const question = questionOf(session, take);
  if (take.state === 'arming' && question && startsItself(session, question))
    throw wrongState('This recording starts by itself. Stop it once it runs.');
  stopTake(session, take, 'candidate', now, effects);
}

/** The candidate may speak: the limit counts from here, and never beyond the interview's deadline. */
function go(session: Session, takeId: string, now: number): void {
  const take = findTake(allTakes(session), takeId);
  if (take.state !== 'arming') throw wrongState('This take is not being armed.');
  const question = questionOf(session, take);
  take.state = 'recording';
  take.goAt = now;
  take.endsAt = takeEndsAt(session, take, now);
  if (question) question.state = 'recording';
}

function assertUnreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
