import type { Effect } from './events.ts';
import { arm } from './question-rules.ts';
import { allTakes, deadlineOf, liveTake, startsItself, takesLeft, type Session, type Take } from './session.ts';
import { stopTake } from './take-rules.ts';

/**
 * What one outage gives back at most. After a day nobody waits at the page any more, and a question that has been known
 * for longer than that is no fresh one: the interview ends then with what was recorded.
 */
export const MAX_DOWN_TIME_MS = 24 * 60 * 60_000;

/** A timer on a busy machine is later than its instant by less. */
const MOST_LATE_MS = 1_000;

/** Of a take that is to start by itself: its name, null when none may begin, or that the next tick sees to it. */
export type SelfStart = { takeId: string | null } | 'with_next_tick';

/** Does what has fallen due: the end of thinking, of a take, of the interview. */
export function settleTime(session: Session, now: number, selfStart: SelfStart, effects: Effect[]): void {
  const deadline = deadlineOf(session);
  const over = session.state === 'running' && deadline !== null && now >= deadline;
  const take = liveTake(session);
  if (take?.state === 'recording' && take.endsAt !== null && now >= take.endsAt) {
    // Where the database was away, the recorder has kept the limit by itself.
    const stoppedAt = now - take.endsAt > MOST_LATE_MS ? take.endsAt : now;
    stopTake(session, take, over ? 'deadline' : 'limit', stoppedAt, effects);
  }
  if (over) {
    if (take?.state === 'arming') stopTake(session, take, 'deadline', now, effects);
    session.state = 'submitting';
    session.submittedAt = now;
    return;
  }
  if (session.state !== 'running') return;
  for (const question of session.questions) {
    if (question.state !== 'thinking' || question.thinkingEndsAt === null || now < question.thinkingEndsAt) continue;
    const begins = startsItself(session, question);
    if (begins && (selfStart === 'with_next_tick' || question.id !== session.currentQuestionId)) continue;
    question.state = 'ready';
    if (begins && selfStart !== 'with_next_tick' && selfStart.takeId !== null && takesLeft(question) > 0)
      arm(session, question.id, selfStart.takeId, now, effects);
  }
}

/**
 * Takes up a session after the server was away. What fell due before it went takes effect as of then; the take that ran
 * ends with it; and a session that still runs gets back the time that it lost, once, however often this is done.
 * @param awaySince the server's last sign of life
 */
export function comeBack(session: Session, awaySince: number, now: number, effects: Effect[]): void {
  const left = liveTake(session);
  if (left?.state === 'stopping') effects.push({ type: 'stop', takeId: left.id });
  settleTime(session, awaySince, { takeId: null }, effects);
  const broken = liveTake(session);
  if (broken && broken.state !== 'stopping')
    stopTake(session, broken, 'server_stopped', Math.max(awaySince, begunAt(broken)), effects);
  if (session.state !== 'running') return;

  const ms = Math.min(now - lastServedAt(session, awaySince), MAX_DOWN_TIME_MS);
  if (ms <= 0) return;
  session.adjustments.push({ reason: 'server_down', ms, at: now });
  for (const question of session.questions)
    if (question.state === 'thinking' && question.thinkingEndsAt !== null && question.thinkingEndsAt > awaySince)
      question.thinkingEndsAt += ms;
}

const begunAt = (take: Take): number => take.goAt ?? take.armedAt;

/**
 * Until when the server is known to have been there for this session: it may have outlived its last sign of life by a
 * moment, and one that is being stopped lets takes go on.
 */
function lastServedAt(session: Session, awaySince: number): number {
  const takes = allTakes(session).map((take) => Math.max(begunAt(take), take.stoppedAt ?? 0));
  return Math.max(awaySince, session.startedAt ?? 0, ...session.adjustments.map(({ at }) => at), ...takes);
}
