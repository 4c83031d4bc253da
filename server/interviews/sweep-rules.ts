import type { Effect } from './events.ts';
import { isErasing, liveTake, type Session } from './session.ts';
import { deleteRehearsals, requestErasing, stopTake } from './take-rules.ts';

/** Nobody looks at a rehearsal for so long; it is deleted, whoever is there. */
export const REHEARSAL_KEPT_MS = 60 * 60_000;
/** Arming takes the countdown and a few seconds, stopping a second or two: nobody is at work on it any more. */
export const FORGOTTEN_AFTER_MS = 60_000;

/** Does what nobody else does: deletes what lies too long, and tries again what has failed. */
export function sweep(session: Session, now: number, effects: Effect[]): void {
  if (isDue(rehearsalsDueAt(session), now)) deleteRehearsals(session, effects);
  const take = liveTake(session);
  if (take && isForgotten(session, now)) {
    // Its file is looked at again; one that has no file yet is given up.
    if (take.state === 'stopping') effects.push({ type: 'stop', takeId: take.id });
    else stopTake(session, take, 'recorder_failed', now, effects);
  }
  if (isErasing(session)) requestErasing(effects);
}

/** When {@link sweep} has something to do; null when never. */
export function sweepDueAt(session: Session, now: number): number | null {
  const due = [isErasing(session) ? now : null, rehearsalsDueAt(session), forgottenAt(session)];
  const instants = due.filter((at) => at !== null);
  return instants.length === 0 ? null : Math.min(...instants);
}

const isDue = (at: number | null, now: number): boolean => at !== null && now >= at;

function rehearsalsDueAt(session: Session): number | null {
  if (session.state !== 'checked') return null;
  const kept = session.rehearsals.filter((take) => take.state !== 'deleted');
  return kept.length === 0 ? null : Math.max(...kept.map((take) => take.armedAt)) + REHEARSAL_KEPT_MS;
}

/** Whether the running take has been arming or stopping for too long. */
export const isForgotten = (session: Session, now: number): boolean => isDue(forgottenAt(session), now);

/** When a take has been arming or stopping for too long: its report was lost, as when the database was away. */
function forgottenAt(session: Session): number | null {
  const take = liveTake(session);
  if (take?.state === 'arming') return take.armedAt + FORGOTTEN_AFTER_MS;
  return take?.state === 'stopping' ? (take.stoppedAt ?? take.armedAt) + FORGOTTEN_AFTER_MS : null;
}
