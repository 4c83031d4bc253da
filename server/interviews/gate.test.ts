import { describe, expect, test } from 'vitest';
import type { SessionState } from '#protocol/session.ts';
import type { Interview } from '#server/store/interviews.ts';
import { decideGate, viewGate, type VisitorSession } from './gate.ts';

const NOW = Date.UTC(2026, 5, 1);

function interview(changes: Partial<Interview> = {}): Interview {
  return {
    id: '0123456789abcdef01234567',
    organisationId: '0123456789abcdef01234568',
    version: 3,
    state: 'published',
    slug: 'abcdefghijklmnopqrstuv',
    title: 'Engineer',
    introduction: 'Welcome',
    contact: 'hr@acme.example',
    questions: [{ id: 'q-0001', text: 'Secret?', answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 3 }],
    totalTimeMs: 600_000,
    autoStart: false,
    opensAt: null,
    closesAt: null,
    timeZone: 'Europe/Berlin',
    access: { kind: 'link' },
    attemptsAllowed: 1,
    frozen: false,
    createdAt: NOW,
    updatedAt: NOW,
    ...changes,
  };
}

function session(state: SessionState, startedAt: number | null, id = 'aaaaaaaaaaaaaaaaaaaaaaaa'): VisitorSession {
  return { id, state, startedAt, deletionAskedAt: null, answersDeletedAt: null };
}

function decide(changes: Partial<Interview>, sessions: VisitorSession[] = []) {
  return decideGate({ interview: interview(changes), email: 'ann@example.org', sessions, now: NOW });
}

const others = { kind: 'addresses', addresses: ['bob@example.org'] } as const;
const hers = { kind: 'addresses', addresses: ['ann@example.org'] } as const;
const access = (list: typeof others | typeof hers) => ({ access: { ...list, addresses: [...list.addresses] } });

describe('a first visit', () => {
  test.each([
    ['anyone with the link', {}, 'open'],
    ['a listed address', access(hers), 'open'],
    ['an address that is not listed', access(others), 'not_allowed'],
    ['before the opening', { opensAt: NOW + 1 }, 'not_open_yet'],
    ['at the opening', { opensAt: NOW }, 'open'],
    ['a millisecond before the closing', { closesAt: NOW + 1 }, 'open'],
    ['at the closing', { closesAt: NOW }, 'closed'],
    ['not listed and closed: the address comes first', { ...access(others), closesAt: NOW }, 'not_allowed'],
  ])('%s', (_title, changes, status) => {
    expect(decide(changes)).toEqual({ status, session: null });
  });
});

describe('a visit with sessions', () => {
  const running = session('running', NOW - 1);
  const submitting = session('submitting', NOW - 1);
  const stored = session('stored', NOW - 1);
  const consented = session('consented', null);
  const expired = session('expired', null);
  test.each([
    ['running', {}, [running], 'resume', running],
    ['running, though closed meanwhile', { closesAt: NOW }, [running], 'resume', running],
    ['running, though taken off the list', access(others), [running], 'resume', running],
    ['submitting', { closesAt: NOW }, [submitting], 'resume', submitting],
    ['submitted', {}, [stored], 'finished', stored],
    ['submitted, one more attempt', { attemptsAllowed: 2 }, [stored], 'open', null],
    ['submitted, one more attempt, but closed', { attemptsAllowed: 2, closesAt: NOW }, [stored], 'finished', stored],
    ['submitted, second attempt under way', { attemptsAllowed: 2 }, [stored, running], 'resume', running],
    ['submitted, taken off the list', access(others), [stored], 'finished', stored],
    ['consented', {}, [consented], 'resume', consented],
    ['checked', {}, [session('checked', null)], 'resume', session('checked', null)],
    ['consented, closed since', { closesAt: NOW }, [consented], 'closed', null],
    ['consented, taken off the list', access(others), [consented], 'not_allowed', null],
    ['expired without a start', {}, [expired], 'open', null],
    ['withdrawn before the start', {}, [session('withdrawn', null)], 'open', null],
    [
      'withdrawn too often',
      {},
      Array.from({ length: 20 }, () => session('withdrawn', null)),
      'finished',
      session('withdrawn', null),
    ],
    [
      'withdrawn often, and prepared',
      {},
      [...Array.from({ length: 19 }, () => session('withdrawn', null)), session('checked', null, 'b')],
      'resume',
      session('checked', null, 'b'),
    ],
    ['withdrawn after the start', {}, [session('withdrawn', NOW - 1)], 'finished', session('withdrawn', NOW - 1)],
  ] as const)('%s', (_title, changes, sessions, status, expected) => {
    expect(decide(changes, [...sessions])).toEqual({ status, session: expected });
  });
});

test('only who may enter learns of the questions, and never their text', () => {
  const visit = { organisation: 'Acme', email: 'ann@example.org', sessions: [], now: NOW };
  const open = viewGate({ ...visit, interview: interview() });
  expect(open.details?.questions).toEqual([{ answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 3 }]);
  expect(open.details?.consent.paragraphs.join(' ')).toContain('Acme');
  expect(JSON.stringify(open)).not.toContain('Secret?');
  const closed = viewGate({ ...visit, interview: interview({ closesAt: NOW }) });
  expect(closed).toMatchObject({ status: 'closed', details: null, contact: 'hr@acme.example', sessionId: null });
});

test('whoever has withdrawn is told so where the interview is offered again', () => {
  const open = {
    interview: interview({ attemptsAllowed: 2 }),
    organisation: 'Acme',
    email: 'ann@example.org',
    now: NOW,
  };
  const seen = (sessions: VisitorSession[]) => viewGate({ ...open, sessions });
  expect(seen([])).toMatchObject({ status: 'open', sessionId: null, sessionState: null });
  expect(seen([session('withdrawn', NOW - 1)])).toMatchObject({
    status: 'open',
    sessionId: null,
    sessionState: 'withdrawn',
  });
});
