import type { InterviewRow } from '#protocol/interview.ts';
import type { AnswersDeletion, SessionState } from '#protocol/session.ts';

/** The words and the colour of a badge. */
export interface Label {
  text: string;
  kind: 'neutral' | 'good' | 'warn' | 'danger';
}

const forRecruiter: Record<SessionState, Label> = {
  invited: { text: 'Invited', kind: 'neutral' },
  consented: { text: 'Getting ready', kind: 'neutral' },
  checked: { text: 'Getting ready', kind: 'neutral' },
  running: { text: 'In the interview', kind: 'warn' },
  submitting: { text: 'Saving answers', kind: 'warn' },
  stored: { text: 'Answers saved', kind: 'good' },
  expired: { text: 'Never started', kind: 'neutral' },
  withdrawn: { text: 'Withdrawn', kind: 'neutral' },
};

const forCandidate: Record<SessionState, Label> = {
  ...forRecruiter,
  consented: { text: 'Not started yet', kind: 'neutral' },
  checked: { text: 'Not started yet', kind: 'neutral' },
  running: { text: 'Running now', kind: 'warn' },
  submitting: { text: 'Being saved', kind: 'warn' },
  stored: { text: 'Submitted', kind: 'good' },
};

const deletions: Record<AnswersDeletion, Label> = {
  asked: { text: 'Being deleted', kind: 'warn' },
  done: { text: 'Answers deleted', kind: 'neutral' },
};

interface Labelled {
  state: SessionState;
  answersDeletion: AnswersDeletion | null;
}

/** A session's state as a recruiter reads it. */
export const recruiterLabel = ({ state, answersDeletion }: Labelled): Label =>
  answersDeletion === null ? forRecruiter[state] : deletions[answersDeletion];

/** A session's state as its own candidate reads it. */
export const candidateLabel = ({ state, answersDeletion }: Labelled): Label =>
  answersDeletion === null ? forCandidate[state] : deletions[answersDeletion];

/** The candidate can still go on with it. */
export const isOpen = (state: SessionState): boolean =>
  state === 'invited' || state === 'consented' || state === 'checked' || state === 'running';

/** An interview's state at the instant `now`, the dates taken into account. */
export function interviewLabel(row: Pick<InterviewRow, 'state' | 'opensAt' | 'closesAt'>, now: number): Label {
  if (row.state === 'draft') return { text: 'Draft', kind: 'neutral' };
  if (row.closesAt !== null && row.closesAt <= now) return { text: 'Closed', kind: 'neutral' };
  if (row.opensAt !== null && row.opensAt > now) return { text: 'Opens later', kind: 'warn' };
  return { text: 'Open', kind: 'good' };
}
