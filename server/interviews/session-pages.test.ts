import { expect, test } from 'vitest';
import { mySessionDetail, sessionDetail } from '#protocol/session.ts';
import { ManualClock } from '#server/clock.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { toMySessionDetail, toMySessionRow, toSessionDetail, toSessionRow } from './session-pages.ts';
import type { SessionRecord } from './session-reads.ts';

const clock = new ManualClock();
const urls = createMediaUrls({ secret: 's'.repeat(32), ttlMs: 60_000, clock });

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  const stored = { key: 'answers/one.mp4', bytes: 1234, width: 720, height: 1280 };
  return {
    ...{ id: 'a'.repeat(24), interviewId: 'b'.repeat(24), organisationId: 'c'.repeat(24), accountId: 'd'.repeat(24) },
    interview: { title: 'Engineer', slug: 'abcdefghijklmnopqrstuv', organisation: 'Acme' },
    candidate: { name: 'Ann', email: 'ann@example.org' },
    ...{ state: 'stored', attempt: 1, consent: { version: '1', at: 1 }, startedAt: 2, deadlineAt: 9, submittedAt: 5 },
    ...{ storedAt: 6, deletionAskedAt: null, answersDeletedAt: null },
    answers: [
      {
        ...{ questionId: 'question-1', text: 'Why?', takesUsed: 3 },
        pick: { takeNumber: 2, durationMs: 29_000, interrupted: false, failed: false, stored },
      },
      { questionId: 'question-2', text: 'How?', takesUsed: 0, pick: null },
    ],
    ...changes,
  };
}

test('saved answers are numbered, with length, size and a playable address', () => {
  const detail = sessionDetail.parse(toSessionDetail(record(), urls));
  expect(detail).toMatchObject({ answered: 1, questionCount: 2, interviewTitle: 'Engineer', name: 'Ann' });
  const [first, second] = detail.answers;
  expect(first).toMatchObject({
    number: 1,
    takeNumber: 2,
    takesUsed: 3,
    durationMs: 29_000,
    bytes: 1234,
    state: 'stored',
  });
  expect(urls.verify(first?.url?.slice('/media/'.length) ?? '')).toEqual({ kind: 'stored', key: 'answers/one.mp4' });
  expect(second).toMatchObject({ number: 2, takeNumber: null, state: 'none', url: null });
  expect(detail.urlsExpireAt).toBe(clock.now() + 60_000);
});

test('an answer on its way to the storage has no address yet', () => {
  const saving = { takeNumber: 1, durationMs: 1, interrupted: true, failed: false, stored: null };
  const answers = [saving, { ...saving, failed: true }].map((pick, index) => ({
    ...{ questionId: `question-${index}`, text: 'Why?', takesUsed: 1, pick },
  }));
  const detail = mySessionDetail.parse(toMySessionDetail(record({ state: 'submitting', answers }), urls));
  expect(detail.answers[0]).toMatchObject({ state: 'saving', interrupted: true, url: null, bytes: null });
  expect(detail.answers[1]).toMatchObject({ state: 'failed', url: null, bytes: null });
});

test('deleted answers say so and lead nowhere', () => {
  const answersOf = (changes: Partial<SessionRecord>) =>
    sessionDetail
      .parse(toSessionDetail(record(changes), urls))
      .answers.map(({ state, url, bytes }) => [state, url, bytes]);
  expect(answersOf({ deletionAskedAt: 6 })).toEqual([
    ['deleting', null, null],
    ['none', null, null],
  ]);
  expect(answersOf({ deletionAskedAt: 6, answersDeletedAt: 7 })).toEqual([
    ['deleted', null, null],
    ['none', null, null],
  ]);
});

test.each([
  [{}, null],
  [{ deletionAskedAt: 6 }, 'asked'],
  [{ deletionAskedAt: 6, answersDeletedAt: 7 }, 'done'],
] as const)('every list says what has become of the answers: %j', (changes, answersDeletion) => {
  for (const row of [toSessionRow(record(changes)), toMySessionRow(record(changes))])
    expect(row).toMatchObject({ state: 'stored', answersDeletion });
});

test.each([
  [5, 9, false],
  [9, 9, true],
  [null, 9, false],
])('submitted at %s with the deadline at %s', (submittedAt, deadlineAt, submittedByClock) => {
  for (const toRow of [toSessionRow, toMySessionRow])
    expect(toRow(record({ submittedAt, deadlineAt }))).toMatchObject({ submittedByClock });
});

test.each(['consented', 'checked', 'running', 'expired', 'withdrawn'] as const)(
  'nobody sees answers of a session that is %s',
  (state) => {
    expect(toSessionDetail(record({ state }), urls).answers).toEqual([]);
    expect(toMySessionDetail(record({ state }), urls).answers).toEqual([]);
  },
);
