import { expect, it } from 'vitest';
import { fresh, play, STARTED, TAKE } from '#test/fixtures/sessions.ts';
import type { SessionEvent } from './events.ts';
import { logLine } from './log-line.ts';
import { deadlineOf } from './session.ts';
import { transition } from './transition.ts';

const lineAfter = (...steps: SessionEvent[]) => {
  const last = steps.at(-1);
  if (!last) throw new Error('no event');
  return logLine(play(fresh(), ...steps).session, last);
};

it('names session, question and take of an event', () => {
  expect(lineAfter(...STARTED, ...TAKE.slice(0, 2))).toEqual({
    ...{ session: fresh().id, event: 'go', state: 'running' },
    ...{ question: 1, take: 'take01', takeState: 'recording' },
  });
  expect(lineAfter(...STARTED, ...TAKE, { type: 'open', questionId: 'question2' })).toMatchObject({
    question: 2,
    take: null,
  });
  expect(lineAfter({ type: 'check_pass' })).toMatchObject({ event: 'check_pass', question: null, take: null });
  expect(lineAfter({ type: 'check_pass' }, { type: 'rehearsal_arm', takeId: 'demo01' })).toMatchObject({
    ...{ question: null, take: 'demo01', takeState: 'arming' },
  });
});

it('names the take that a deadline has ended', () => {
  const { session } = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
  const tick: SessionEvent = { type: 'tick', takeId: null };
  const over = transition(session, tick, deadlineOf(session) ?? 0).session;
  expect(logLine(over, tick)).toMatchObject({ question: 1, take: 'take01', takeState: 'stopping' });
});

it('says nothing of the person', () => {
  const { name, email } = fresh().candidate;
  const text = JSON.stringify(lineAfter(...STARTED, ...TAKE));
  expect(text).not.toContain(name);
  expect(text).not.toContain(email);
});
