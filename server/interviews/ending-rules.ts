import type { Effect } from './events.ts';
import { requireState, wrongState } from './guards.ts';
import { allTakes, isErasing, isLive, isPlayable, liveTake, picksOf, type Session, type Take } from './session.ts';
import { isForgotten } from './sweep-rules.ts';
import { eraseTakes, requestErasing } from './take-rules.ts';

/** Ends the interview before its deadline. */
export function submit(session: Session, now: number): void {
  session.state = 'submitting';
  session.submittedAt = now;
}

/** Once the last take has come to rest, a submitted session gets its picks and goes to be published, once. */
export function finishSubmitting(before: Session, session: Session, effects: Effect[]): void {
  if (session.state !== 'submitting' || liveTake(session)) return;
  if (before.state === 'submitting' && !liveTake(before)) return;
  for (const question of session.questions) {
    if (question.state === 'skipped') continue;
    question.pickId ??= question.takes.findLast(isPlayable)?.id ?? null;
  }
  effects.push({ type: 'publish' });
}

/** Ends a session of which nothing is kept. */
export function withdraw(session: Session, now: number, effects: Effect[]): void {
  // Asking again tries again.
  if (session.state === 'withdrawn') return isErasing(session) ? requestErasing(effects) : undefined;
  if (session.state === 'submitting' || session.state === 'stored')
    throw wrongState('It has been submitted. Ask for deletion instead.');
  dropEverything(session, effects);
  session.state = 'withdrawn';
  session.withdrawnAt = now;
}

/** Ends a session that was never started; one that was is left alone, as no closing date cuts it. */
export function expire(session: Session, now: number, effects: Effect[]): void {
  if (session.state !== 'invited' && session.state !== 'consented' && session.state !== 'checked') return;
  dropEverything(session, effects);
  session.state = 'expired';
  session.expiredAt = now;
}

function dropEverything(session: Session, effects: Effect[]): void {
  for (const take of allTakes(session).filter(isLive)) effects.push({ type: 'abort', takeId: take.id });
  eraseTakes(session, allTakes(session), effects);
  for (const question of session.questions) question.pickId = null;
}

/** Notes that every pick is safe and every other take is gone, both of which has been looked at. */
export function store(session: Session, now: number): void {
  requireState(session, 'submitting');
  for (const take of allTakes(session)) if (take.state !== 'stored') take.state = 'deleted';
  session.erasing = [];
  session.state = 'stored';
  session.storedAt = now;
}

/** Deletes the answers of a session that is saved, or of which no more can be saved. */
export function deleteAnswers(session: Session, now: number, effects: Effect[]): void {
  if (session.deletionAskedAt === null) {
    const saved = session.state === 'stored' || (session.state === 'submitting' && !isBeingSaved(session, now));
    if (!saved) throw wrongState('Answers can be deleted once they are saved; these are not yet.');
    session.state = 'stored';
    session.deletionAskedAt = now;
    for (const take of allTakes(session)) take.stored = null;
    eraseTakes(session, allTakes(session), effects);
  }
  // Asking again tries again.
  if (isErasing(session)) requestErasing(effects);
}

/**
 * Whether a submitted session has a take, or a pick, of which it is not known yet what becomes of it. A take whose file
 * cannot be examined for so long does not keep anybody from deleting it.
 */
function isBeingSaved(session: Session, now: number): boolean {
  if (liveTake(session)) return !isForgotten(session, now);
  const picks = picksOf(session).map(({ take }) => take);
  const open = picks.some((take) => take.state !== 'stored' && take.publishFailedAt === null);
  const givenUp = picks.some((take) => take.publishFailedAt !== null);
  return open || !givenUp;
}

/** A session is one document: what the candidate neither sees nor is counted by must not make it grow. */
function forgetErased(session: Session): void {
  const isGone = (take: Take) => take.state === 'deleted' && !session.erasing.includes(take.id);
  const newest = session.rehearsals.at(-1);
  session.rehearsals = session.rehearsals.filter((take) => take === newest || !isGone(take));
  for (const question of session.questions)
    question.takes = question.takes.filter((take) => take.goAt !== null || !isGone(take));
}

/** Notes of which takes nothing is left. */
export function noteErased(session: Session, takeIds: readonly string[], now: number): void {
  session.erasing = session.erasing.filter((id) => !takeIds.includes(id));
  forgetErased(session);
  if (session.deletionAskedAt !== null && session.erasing.length === 0) session.answersDeletedAt ??= now;
}
