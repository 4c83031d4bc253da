import type { CandidateQuestionView, TakeView } from '#protocol/session.ts';

/** A take that can be replayed and picked. */
export function isPlayable(take: TakeView): boolean {
  return take.state === 'playable' || (take.state === 'interrupted' && take.url !== null);
}

/** The takes that can be replayed, the first one first. */
export function playableTakes(question: Pick<CandidateQuestionView, 'takes'>): TakeView[] {
  return question.takes.filter(isPlayable);
}

/** The take that counts, as the server has it. */
export function pickedTake(question: Pick<CandidateQuestionView, 'takes' | 'pickId'>): TakeView | null {
  return question.takes.find(({ id }) => id === question.pickId) ?? null;
}

/** How many of the allowed takes are used; those the system cut short are not counted. */
export function takesUsed(question: Pick<CandidateQuestionView, 'takesAllowed' | 'takesLeft'>): number {
  return Math.max(0, question.takesAllowed - question.takesLeft);
}

/** What would be missing from a submit: neither picked nor, in the end, left out on purpose. */
export function unanswered(questions: readonly CandidateQuestionView[]): CandidateQuestionView[] {
  return questions.filter((question) => question.pickId === null);
}

/**
 * The question that "Next question" leads to: the nearest later one that is neither answered nor skipped. Before a new
 * one comes whatever was left open earlier, as the server shows a new question only when all before it are done with.
 * @returns null when nothing but the summary is left
 */
export function nextQuestion(
  questions: readonly CandidateQuestionView[],
  current: CandidateQuestionView,
): CandidateQuestionView | null {
  const later = questions.find(
    ({ number, pickId, state }) => number > current.number && pickId === null && state !== 'skipped',
  );
  if (later?.state !== 'unseen') return later ?? null;
  const left = questions.find(
    ({ id, number, state }) =>
      id !== current.id && number < later.number && state !== 'reviewing' && state !== 'skipped',
  );
  return left ?? later;
}

/** The state of a question in the words of the palette. */
export function questionWords(question: CandidateQuestionView): string {
  if (question.state === 'arming' || question.state === 'recording') return 'recording';
  if (question.pickId !== null) return 'done';
  switch (question.state) {
    case 'unseen':
      return 'not yet';
    case 'thinking':
      return 'thinking time';
    case 'ready':
      return 'open';
    case 'reviewing':
      return 'choose a take';
    case 'skipped':
      return 'skipped';
  }
}
