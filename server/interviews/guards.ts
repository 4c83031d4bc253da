import { AppError } from '#protocol/errors.ts';
import { liveTake, type Session, type SessionQuestion, type Take } from './session.ts';

/** The error of everything that comes in the wrong order. */
export function wrongState(message: string): AppError {
  return new AppError('wrong_state', message);
}

/** @throws AppError `wrong_state` */
export function requireState(session: Session, state: Session['state']): void {
  if (session.state !== state) throw wrongState(`This needs a session that is ${state}; it is ${session.state}.`);
}

/** @throws AppError `take_in_progress` */
export function requireNoLiveTake(session: Session): void {
  if (liveTake(session)) throw new AppError('take_in_progress', 'A take is being recorded. Stop it first.');
}

/**
 * A question that may be changed.
 * @throws AppError `deadline_passed` after the submit, `wrong_state`, `unknown_question`
 */
export function runningQuestion(session: Session, questionId: string): SessionQuestion {
  if (session.state === 'submitting' || session.state === 'stored')
    throw new AppError('deadline_passed', 'The interview has ended and was submitted.');
  requireState(session, 'running');
  const question = session.questions.find((candidate) => candidate.id === questionId);
  if (!question) throw new AppError('unknown_question', 'This question is not part of the interview.');
  return question;
}

/** @throws AppError `unknown_take` */
export function findTake(takes: readonly Take[], takeId: string): Take {
  const take = takes.find((candidate) => candidate.id === takeId);
  if (!take) throw new AppError('unknown_take', 'There is no such take here.');
  return take;
}

/** The question that a take answers; none for a rehearsal. */
export function questionOf(session: Session, take: Take): SessionQuestion | undefined {
  return session.questions.find((question) => question.takes.includes(take));
}
