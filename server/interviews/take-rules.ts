import { COUNTDOWN_MS } from '#protocol/interview.ts';
import { AppError } from '#protocol/errors.ts';
import { FREE_TAKES_PER_QUESTION, type StopReason } from '#protocol/session.ts';
import type { Effect } from './events.ts';
import { isLive, isPlayable, type Session, type SessionQuestion, type Take } from './session.ts';

/** Ends of a take that were not the candidate's doing and cost nothing, within a limit. */
const SYSTEM_FAULTS: readonly StopReason[] = ['media_lost', 'recorder_failed', 'server_stopped'];

/** Whether the system, not the candidate or a clock, ended a take. */
export const isSystemFault = (reason: StopReason | null): boolean => reason !== null && SYSTEM_FAULTS.includes(reason);

/** The error of everything that comes in the wrong order. */
export function wrongState(message: string): AppError {
  return new AppError('wrong_state', message);
}

/** Ends a take for a reason; one that is still being armed has never been. */
export function stopTake(session: Session, take: Take, reason: StopReason, now: number, effects: Effect[]): void {
  if (take.state === 'arming') {
    // Before "go" nothing has been said: it is as if the tap had never been.
    failTake(session, take, reason, now);
    effects.push({ type: 'abort', takeId: take.id });
    return;
  }
  if (take.state !== 'recording') throw wrongState('This take is not being recorded.');
  take.state = 'stopping';
  take.stopReason = reason;
  take.stoppedAt = now;
  effects.push({ type: 'stop', takeId: take.id });
}

/** A take of which nothing can be played. */
export function failTake(session: Session, take: Take, reason: StopReason, now: number): void {
  if (!isLive(take)) return;
  const question = questionOf(session, take);
  take.free = take.goAt === null || hasFreeTakes(question);
  take.state = 'failed';
  take.stopReason ??= reason;
  take.stoppedAt ??= now;
  if (question && session.state === 'running') question.state = question.takes.some(isPlayable) ? 'reviewing' : 'ready';
}

/** A take at the moment of the tap. */
export function newTake(id: string, number: number, now: number): Take {
  return {
    id,
    number,
    state: 'arming',
    free: false,
    armedAt: now,
    countdownEndsAt: now + COUNTDOWN_MS,
    goAt: null,
    endsAt: null,
    stoppedAt: null,
    stopReason: null,
    durationMs: null,
    stored: null,
  };
}

/** Marks every rehearsal as deleted and has its files deleted. */
export function deleteRehearsals(session: Session, effects: Effect[]): void {
  const takes = session.rehearsals.filter((take) => take.state !== 'deleted');
  if (takes.length === 0) return;
  for (const take of takes.filter(isLive)) effects.push({ type: 'abort', takeId: take.id });
  for (const take of takes) take.state = 'deleted';
  effects.push({ type: 'delete', takeIds: takes.map((take) => take.id) });
}

/** Whether the system's faults have not used up what they may give back for this question. */
export function hasFreeTakes(question: SessionQuestion | undefined): boolean {
  const used = question?.takes.filter((take) => take.free && take.goAt !== null).length ?? 0;
  return used < FREE_TAKES_PER_QUESTION;
}

/** The question that a take answers; none for a rehearsal. */
export function questionOf(session: Session, take: Take): SessionQuestion | undefined {
  return session.questions.find((question) => question.takes.includes(take));
}

/** @throws AppError `unknown_take` */
export function findTake(takes: readonly Take[], takeId: string): Take {
  const take = takes.find((candidate) => candidate.id === takeId);
  if (!take) throw new AppError('unknown_take', 'There is no such take here.');
  return take;
}
