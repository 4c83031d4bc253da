import { expect, test } from 'vitest';
import type { CandidateQuestionView, QuestionState } from '#protocol/session.ts';
import { nextQuestion, questionWords, takesUsed, unanswered } from './questions.ts';
import { stepOf } from './step.ts';

const question = (number: number, state: QuestionState, pickId: string | null = null): CandidateQuestionView => ({
  id: `question${String(number)}`,
  number,
  text: null,
  answerLimitMs: 20_000,
  thinkingTimeMs: 0,
  takesAllowed: 3,
  takesLeft: 2,
  state,
  thinkingEndsAt: null,
  takes: [],
  pickId,
});

test('the next question is the nearest later one that is open', () => {
  const first = question(1, 'reviewing', 'take01');
  const questions = [first, question(2, 'skipped'), question(3, 'reviewing', 'take02'), question(4, 'unseen')];
  expect(nextQuestion(questions, first)?.number).toBe(4);
  expect(nextQuestion(questions, question(4, 'reviewing'))).toBeNull();
});

test('what was left open comes before a new question', () => {
  const third = question(3, 'reviewing', 'take03');
  const questions = [question(1, 'reviewing', 'take01'), question(2, 'ready'), third, question(4, 'unseen')];
  expect(nextQuestion(questions, third)?.number).toBe(2);
  expect(nextQuestion(questions, question(4, 'reviewing'))).toBeNull();
});

test('counts takes and what is missing', () => {
  const questions = [question(1, 'reviewing', 'take01'), question(2, 'skipped'), question(3, 'reviewing')];
  expect(takesUsed(question(1, 'ready'))).toBe(1);
  expect(unanswered(questions).map(({ number }) => number)).toEqual([2, 3]);
  expect(questions.map(questionWords)).toEqual(['done', 'skipped', 'choose a take']);
});

test('the fragment opens a page only where the view allows it', () => {
  expect(stepOf({ state: 'consented' }, '#start', false)).toBe('check');
  expect(stepOf({ state: 'checked' }, '', false)).toBe('rehearsal');
  expect(stepOf({ state: 'checked' }, '#start', false)).toBe('start');
  expect(stepOf({ state: 'running' }, '#start', false)).toBe('question');
  expect(stepOf({ state: 'running' }, '#summary', false)).toBe('summary');
  expect(stepOf({ state: 'running' }, '#summary', true)).toBe('question');
  expect(stepOf({ state: 'submitting' }, '#summary', false)).toBe('saving');
  expect(stepOf({ state: 'stored' }, '', false)).toBe('done');
  expect(stepOf({ state: 'withdrawn' }, '', false)).toBe('ended');
});
