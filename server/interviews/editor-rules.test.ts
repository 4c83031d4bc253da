import { describe, expect, test } from 'vitest';
import type { Question } from '#protocol/interview.ts';
import { AppError } from '#protocol/errors.ts';
import { assertClosesLater, assertPublishable, frozenField, withQuestionIds } from './editor-rules.ts';

const question = (id: string, changes: Partial<Question> = {}): Question => ({
  ...{ id, text: `Question ${id}`, answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 3 },
  ...changes,
});
const a = question('aaaaaa');
const b = question('bbbbbb');

describe('question ids', () => {
  test('are kept when the interview knows them, in whatever order', () => {
    expect(withQuestionIds([b, a], [a, b]).map(({ id }) => id)).toEqual(['bbbbbb', 'aaaaaa']);
  });

  test('are made for new questions, unknown ids and second uses', () => {
    const fresh = { text: 'New', answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 3 };
    const made = withQuestionIds([a, a, b, fresh], [a]);
    expect(made[0]?.id).toBe('aaaaaa');
    expect(new Set(made.map(({ id }) => id)).size).toBe(4);
    for (const { id } of made.slice(1)) expect(id).toMatch(/^[A-Za-z0-9_-]{12}$/);
  });
});

describe('what freezes', () => {
  const before = { questions: [a, b], totalTimeMs: 600_000, autoStart: false };
  test.each([
    ['nothing changed', before, null],
    ['a question more', { ...before, questions: [a, b, question('cccccc')] }, 'questions'],
    ['another order', { ...before, questions: [b, a] }, 'questions.0'],
    ['another text', { ...before, questions: [a, { ...b, text: 'Why?' }] }, 'questions.1.text'],
    ['another limit', { ...before, questions: [a, { ...b, answerLimitMs: 20_000 }] }, 'questions.1.answerLimitMs'],
    ['thinking time', { ...before, questions: [{ ...a, thinkingTimeMs: 1 }, b] }, 'questions.0.thinkingTimeMs'],
    ['takes', { ...before, questions: [{ ...a, takesAllowed: 1 }, b] }, 'questions.0.takesAllowed'],
    ['total time', { ...before, totalTimeMs: 700_000 }, 'totalTimeMs'],
    ['automatic start', { ...before, autoStart: true }, 'autoStart'],
  ])('%s', (_title, after, field) => {
    expect(frozenField(before, after)).toBe(field);
  });
});

test.each([
  [{ questions: [a], access: { kind: 'link' as const } }, undefined],
  [{ questions: [a], access: { kind: 'addresses' as const, addresses: ['a@b.example'] } }, undefined],
  [{ questions: [], access: { kind: 'link' as const } }, 'questions'],
  [{ questions: [a], access: { kind: 'addresses' as const, addresses: [] } }, 'access.addresses'],
])('publishing %j', (content, field) => {
  let refused: unknown;
  try {
    assertPublishable(content);
  } catch (error) {
    refused = error;
  }
  if (field === undefined) expect(refused).toBeUndefined();
  else expect(refused).toMatchObject({ code: 'bad_request', field });
  if (refused !== undefined) expect(refused).toBeInstanceOf(AppError);
});

test.each([
  ['none', null, null, false],
  ['one to come', 11, null, false],
  ['one that has passed', 10, null, true],
  ['another one that has passed', 9, 8, true],
  ['the same one as before', 9, 9, false],
])('of dates to close, %s', (_title, closesAt, before, refused) => {
  const set = () => {
    assertClosesLater(closesAt, before, 10);
  };
  if (refused) expect(set).toThrow(expect.objectContaining({ code: 'bad_request', field: 'closesAt' }));
  else expect(set).not.toThrow();
});
