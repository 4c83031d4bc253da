import { randomBytes } from 'node:crypto';
import { AppError } from '#protocol/errors.ts';
import type { InterviewInput, Question, QuestionInput } from '#protocol/interview.ts';
import type { InterviewContent } from '#server/store/interviews.ts';

const QUESTION_ID_BYTES = 9;

/** What is stored of a recruiter's input: each allowed address once, and an id for every question. */
export function toContent(input: InterviewInput, known: readonly Question[]): InterviewContent {
  const { title, introduction, contact, totalTimeMs, autoStart, opensAt, closesAt, timeZone, attemptsAllowed } = input;
  const { access } = input;
  return {
    ...{ title, introduction, contact, totalTimeMs, autoStart, opensAt, closesAt, timeZone, attemptsAllowed },
    questions: withQuestionIds(input.questions, known),
    access: access.kind === 'link' ? access : { kind: 'addresses', addresses: [...new Set(access.addresses)] },
  };
}

/**
 * Keeps the id of each question that the interview knows already, and gives every other one a new id: an id that was
 * invented by the client, or that appears twice, never reaches the database.
 */
export function withQuestionIds(questions: readonly QuestionInput[], known: readonly Question[]): Question[] {
  const free = new Set(known.map((question) => question.id));
  return questions.map(({ id, ...rest }) => ({
    id: id !== undefined && free.delete(id) ? id : randomBytes(QUESTION_ID_BYTES).toString('base64url'),
    ...rest,
  }));
}

type FrozenContent = Pick<InterviewContent, 'questions' | 'totalTimeMs' | 'autoStart'>;

/**
 * What has changed of that which may not change once somebody has started, so that all candidates of one interview
 * are asked the same in the same time. The dotted path of the first difference, or null when there is none.
 */
export function frozenField(before: FrozenContent, after: FrozenContent): string | null {
  if (before.questions.length !== after.questions.length) return 'questions';
  for (const [index, question] of after.questions.entries()) {
    const old = before.questions[index];
    if (old?.id !== question.id) return `questions.${index}`;
    if (old.text !== question.text) return `questions.${index}.text`;
    if (old.answerLimitMs !== question.answerLimitMs) return `questions.${index}.answerLimitMs`;
    if (old.thinkingTimeMs !== question.thinkingTimeMs) return `questions.${index}.thinkingTimeMs`;
    if (old.takesAllowed !== question.takesAllowed) return `questions.${index}.takesAllowed`;
  }
  if (before.totalTimeMs !== after.totalTimeMs) return 'totalTimeMs';
  if (before.autoStart !== after.autoStart) return 'autoStart';
  return null;
}

/**
 * A date of closing that has passed would shut an interview without a word; one that stands already may stay.
 * @param before when it closed until now
 * @throws AppError `bad_request` naming the field
 */
export function assertClosesLater(closesAt: number | null, before: number | null, now: number): void {
  if (closesAt === null || closesAt === before || closesAt > now) return;
  throw new AppError('bad_request', 'The date of closing has passed. Give a later one, or none.', {
    field: 'closesAt',
  });
}

/**
 * An interview that has a link must have a question, and somebody who may take it.
 * @throws AppError `bad_request` naming the field
 */
export function assertPublishable(content: Pick<InterviewContent, 'questions' | 'access'>): void {
  if (content.questions.length === 0) {
    throw new AppError('bad_request', 'Add at least one question before you publish.', { field: 'questions' });
  }
  if (content.access.kind === 'addresses' && content.access.addresses.length === 0) {
    throw new AppError(
      'bad_request',
      'Add the addresses of those who may take it, or open it to anyone with the link.',
      {
        field: 'access.addresses',
      },
    );
  }
}
