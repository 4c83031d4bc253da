import { COUNTDOWN_MS, REHEARSAL_LIMIT_MS } from '#protocol/interview.ts';
import { FREE_TAKES_PER_QUESTION, type StopReason } from '#protocol/session.ts';
import type { Effect } from './events.ts';
import { questionOf, wrongState } from './guards.ts';
import { deadlineOf, isLive, isPlayable, type Session, type SessionQuestion, type Take } from './session.ts';

/** Ends of a take that were not the candidate's doing and cost nothing, within a limit. */
const SYSTEM_FAULTS: readonly StopReason[] = ['media_lost', 'recorder_failed', 'server_stopped'];

/** Whether the system, not the candidate or a clock, ended a take. */
export const isSystemFault = (reason: StopReason | null): boolean => reason !== null && SYSTEM_FAULTS.includes(reason);

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

/** When a take ends at the latest of which "go" is said at `goAt`: at its limit, never beyond the interview's deadline. */
export function takeEndsAt(session: Session, take: Take, goAt: number): number {
  const question = questionOf(session, take);
  const limit = goAt + (question?.answerLimitMs ?? REHEARSAL_LIMIT_MS);
  return question ? Math.min(limit, deadlineOf(session) ?? limit) : limit;
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

/** The capture of a take is finished and can be played. */
export function finishTake(session: Session, take: Take, durationMs: number): void {
  if (take.state !== 'stopping' && take.state !== 'recording') return;
  const interrupted = isSystemFault(take.stopReason);
  take.state = interrupted ? 'interrupted' : 'playable';
  take.durationMs = durationMs;
  const question = questionOf(session, take);
  take.free = interrupted && hasFreeTakes(question);
  if (question && session.state === 'running') question.state = 'reviewing';
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
    publishFailedAt: null,
  };
}

/** Marks every rehearsal as deleted and has its files deleted. */
export function deleteRehearsals(session: Session, effects: Effect[]): void {
  for (const take of session.rehearsals.filter(isLive)) effects.push({ type: 'abort', takeId: take.id });
  eraseTakes(session, session.rehearsals, effects);
}

/** Marks takes as deleted and has their files deleted; the session remembers them until that is certain. */
export function eraseTakes(session: Session, takes: readonly Take[], effects: Effect[]): void {
  const kept = takes.filter((take) => take.state !== 'deleted');
  if (kept.length === 0) return;
  for (const take of kept) take.state = 'deleted';
  session.erasing.push(...kept.map(({ id }) => id));
  requestErasing(effects);
}

/** Has erased, once, whatever the session has given up. */
export function requestErasing(effects: Effect[]): void {
  if (!effects.some(({ type }) => type === 'erase')) effects.push({ type: 'erase' });
}

/** Whether the system's faults have not used up what they may give back for this question. */
function hasFreeTakes(question: SessionQuestion | undefined): boolean {
  const used = question?.takes.filter((take) => take.free && take.goAt !== null).length ?? 0;
  return used < FREE_TAKES_PER_QUESTION;
}
