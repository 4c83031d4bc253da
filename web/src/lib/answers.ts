import type { AnswerView, SessionState } from '#protocol/session.ts';

interface Answered {
  state: SessionState;
  answers: readonly Pick<AnswerView, 'state'>[];
  answersDeletedAt?: number | null;
}

/** How the answers of a session stand as a whole. `failed`: some were given up for now, and none is under way. */
export type AnswersState = 'saving' | 'failed' | 'settled' | 'deleting' | 'deleted';

export function answersState({ state, answers, answersDeletedAt }: Answered): AnswersState {
  const some = (wanted: AnswerView['state']) => answers.some((answer) => answer.state === wanted);
  if (answersDeletedAt != null) return 'deleted';
  if (some('deleting')) return 'deleting';
  if (some('saving')) return 'saving';
  if (some('failed')) return 'failed';
  return state === 'submitting' ? 'saving' : 'settled';
}

/** How many recordings a recruiter can have deleted now; what is still being saved comes first. */
export function deletableAnswers(session: Answered): number {
  const state = answersState(session);
  if (state !== 'settled' && state !== 'failed') return 0;
  return session.answers.filter((answer) => answer.state === 'stored' || answer.state === 'failed').length;
}
