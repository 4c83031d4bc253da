import type { SessionEvent } from './events.ts';
import { allTakes, liveTake, type Session } from './session.ts';

/** What the log says of a change: ids, numbers and states, nothing of the person. */
export interface LogLine {
  session: string;
  event: SessionEvent['type'];
  state: Session['state'];
  /** 1 for the first question; null where the event concerns none, as a rehearsal's do. */
  question: number | null;
  take: string | null;
  takeState: string | null;
}

/** The log's line of an event, with what has come of it. Time that passed names the take that it concerned. */
export function logLine(session: Session, event: SessionEvent): LogLine {
  const takeId = ('takeId' in event && event.takeId) || liveTake(session)?.id;
  const index = session.questions.findIndex(
    ({ id, takes }) =>
      ('questionId' in event && event.questionId === id) || takes.some((candidate) => candidate.id === takeId),
  );
  const take = allTakes(session).find(({ id }) => id === takeId);
  return {
    session: session.id,
    event: event.type,
    state: session.state,
    question: index === -1 ? null : index + 1,
    take: take?.id ?? null,
    takeState: take?.state ?? null,
  };
}
