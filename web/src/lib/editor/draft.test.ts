import { describe, expect, test } from 'vitest';
import type { InterviewView } from '#protocol/interview.ts';
import { neededMs, newDraft, newQuestion, suggestedMinutes, toDraft, toInput, type Draft } from './draft.ts';

const NOW = Date.UTC(2026, 9, 1);

const view: InterviewView = {
  id: 'a'.repeat(24),
  version: 7,
  state: 'draft',
  slug: null,
  link: null,
  frozen: false,
  title: 'Night shift',
  introduction: 'Three short questions.',
  contact: 'jobs@example.org',
  questions: [
    { id: 'question1', text: 'Why?', answerLimitMs: 60_000, thinkingTimeMs: 30_000, takesAllowed: 3 },
    { id: 'question2', text: 'How?', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 1 },
  ],
  totalTimeMs: 900_000,
  neededTimeMs: 116_000,
  autoStart: true,
  // 23 seconds past the minute, and in the hour that Berlin has twice: neither may be lost by opening the form.
  opensAt: Date.UTC(2026, 9, 25, 1, 30, 23),
  closesAt: null,
  timeZone: 'Europe/Berlin',
  access: { kind: 'addresses', addresses: ['a@example.org', 'b@example.org'] },
  attemptsAllowed: 2,
  createdAt: 0,
  updatedAt: 0,
  counts: { sessions: 0, running: 0, stored: 0 },
};

function filled(change: Partial<Draft> = {}): Draft {
  return { ...toDraft(view), ...change };
}

function errorsOf(draft: Draft) {
  const checked = toInput(draft, view, NOW);
  return checked.ok ? {} : checked.errors;
}

describe('the form', () => {
  test('gives back exactly what was read when nothing is changed', () => {
    const checked = toInput(filled(), view);
    expect(checked).toEqual({
      ok: true,
      input: {
        version: 7,
        title: view.title,
        introduction: view.introduction,
        contact: view.contact,
        questions: view.questions,
        totalTimeMs: view.totalTimeMs,
        autoStart: true,
        opensAt: view.opensAt,
        closesAt: null,
        timeZone: 'Europe/Berlin',
        access: view.access,
        attemptsAllowed: 2,
      },
    });
  });

  test('a new zone moves the instant and keeps the time on the clock', () => {
    const checked = toInput(filled({ opens: '2026-11-21T09:00', timeZone: 'America/New_York' }), view);
    expect(checked.ok && checked.input.opensAt).toBe(Date.UTC(2026, 10, 21, 14));
  });

  test('a new one starts at version 0 and names what is still empty', () => {
    const checked = toInput(newDraft({ timeZone: 'UTC', contact: '' }), null);
    expect(checked).toEqual({
      ok: false,
      errors: { title: 'Please fill this in.', 'questions.0.text': 'Please fill this in.' },
    });
  });

  test.each([
    [
      'thinking time above two minutes',
      { questions: [{ ...newQuestion(), text: 'Why?', thinkingSeconds: '121' }] },
      'questions.0.thinkingTimeMs',
    ],
    [
      'thinking time in words',
      { questions: [{ ...newQuestion(), text: 'Why?', thinkingSeconds: 'ten' }] },
      'questions.0.thinkingTimeMs',
    ],
    ['no total time', { totalMinutes: '' }, 'totalTimeMs'],
    ['too long a total time', { totalMinutes: '241' }, 'totalTimeMs'],
    ['half a date', { opens: '2026-11' }, 'opensAt'],
    ['a time that does not exist', { opens: '2026-03-29T02:30' }, 'opensAt'],
    ['closing before opening', { opens: '2026-11-21T09:00', closes: '2026-11-21T08:00' }, 'closesAt'],
    ['closing in the past', { opens: '', closes: '2026-09-30T08:00' }, 'closesAt'],
    ['a wrong contact', { contact: 'somebody' }, 'contact'],
    ['a wrong address', { addressesText: 'a@example.org, not-an-address' }, 'access.addresses'],
  ] as const)('points out %s', (_, change, field) => {
    expect(Object.keys(errorsOf(filled(change as Partial<Draft>)))).toEqual([field]);
  });

  test('a published interview that has closed can still be changed', () => {
    const closed = { ...view, state: 'published' as const, opensAt: null, closesAt: NOW - 1 };
    expect(toInput(toDraft(closed), closed, NOW).ok).toBe(true);
    expect(toInput(toDraft(closed), { ...closed, state: 'draft' }, NOW).ok).toBe(false);
  });

  test('wrong addresses do not matter when anyone with the link may take part', () => {
    expect(errorsOf(filled({ accessKind: 'link', addressesText: 'not-an-address' }))).toEqual({});
  });

  test('minutes may have a decimal comma', () => {
    const checked = toInput(filled({ totalMinutes: '2,5' }), view);
    expect(checked.ok && checked.input.totalTimeMs).toBe(150_000);
  });
});

test('the needed time counts thinking, countdown and the full answer; the suggestion is above it', () => {
  expect(neededMs(filled())).toBe(view.neededTimeMs);
  expect(suggestedMinutes(filled())).toBe(3);
});
