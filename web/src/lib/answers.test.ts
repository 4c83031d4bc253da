import { expect, test } from 'vitest';
import type { AnswerView } from '#protocol/session.ts';
import { answersState, deletableAnswers } from './answers.ts';

const answers = (...states: AnswerView['state'][]) => states.map((state) => ({ state }));

test('a session is being saved only while something is under way', () => {
  expect(answersState({ state: 'submitting', answers: answers('saving', 'failed') })).toBe('saving');
  expect(answersState({ state: 'submitting', answers: [] })).toBe('saving');
  expect(answersState({ state: 'submitting', answers: answers('stored', 'failed', 'none') })).toBe('failed');
  expect(answersState({ state: 'stored', answers: answers('stored', 'none') })).toBe('settled');
});

test('answers are called deleted only when all of them are gone', () => {
  const asked = { state: 'stored' as const, answers: answers('deleting', 'deleted') };
  expect(answersState(asked)).toBe('deleting');
  expect(answersState({ ...asked, answers: answers('deleted'), answersDeletedAt: 1 })).toBe('deleted');
});

test('what could not be saved can be deleted too, even if nothing was stored', () => {
  expect(deletableAnswers({ state: 'submitting', answers: answers('failed', 'failed', 'none') })).toBe(2);
  expect(deletableAnswers({ state: 'stored', answers: answers('stored', 'none') })).toBe(1);
  expect(deletableAnswers({ state: 'submitting', answers: answers('stored', 'saving') })).toBe(0);
  expect(deletableAnswers({ state: 'stored', answers: answers('deleted'), answersDeletedAt: 1 })).toBe(0);
});
