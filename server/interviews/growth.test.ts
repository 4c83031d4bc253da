import { describe, expect, it } from 'vitest';
import { MAX_ARMINGS_PER_QUESTION, MAX_REHEARSALS } from '#protocol/session.ts';
import { codeOf, fresh, play, STARTED, TAKE } from '#test/fixtures/sessions.ts';
import type { SessionEvent } from './events.ts';
import { takesLeft, type Session } from './session.ts';
import { transition } from './transition.ts';

/** Applies the events a second apart, and proves erased at once what the rules want erased. */
function run(start: Session, now: number, events: readonly SessionEvent[]) {
  let session = start;
  let at = now;
  for (const event of events) {
    at += 1_000;
    const result = transition(session, event, at);
    session = result.session;
    if (result.effects.some(({ type }) => type === 'erase'))
      session = transition(session, { type: 'erased', takeIds: session.erasing }, at).session;
  }
  return { session, now: at };
}

/** So many countdowns of the first question that are called off before "go". */
const calledOff = (count: number): SessionEvent[] =>
  Array.from({ length: count }, (_, index) => `off-${index}`).flatMap((takeId) => [
    { type: 'arm', questionId: 'question1', takeId },
    { type: 'stop', takeId },
  ]);

describe('countdowns that are called off', () => {
  it('leave nothing but the last of them, and the first real take is take 1', () => {
    const { session, now } = play(fresh(), ...STARTED);
    const before = run(session, now, calledOff(1));
    const after = run(session, now, calledOff(MAX_ARMINGS_PER_QUESTION - 1));
    expect(JSON.stringify(after.session).length).toBeLessThan(JSON.stringify(before.session).length + 20);
    expect(after.session.questions[0]?.takes).toMatchObject([{ state: 'failed', number: 1 }]);
    const taken = run(after.session, after.now, TAKE).session;
    expect(taken.questions[0]?.takes).toMatchObject([{ id: 'take01', state: 'playable', number: 1 }]);
    expect(taken).toMatchObject({ erasing: [], sweepAt: null });
  });

  it('have an end, which is said, and the way on stays open', () => {
    const { session, now } = play(fresh(), ...STARTED);
    const worn = run(session, now, calledOff(MAX_ARMINGS_PER_QUESTION));
    const arm: SessionEvent = { type: 'arm', questionId: 'question1', takeId: 'take01' };
    expect(codeOf(() => transition(worn.session, arm, worn.now))).toBe('too_many_tries');
    const [question] = worn.session.questions;
    expect(question && takesLeft(question)).toBe(0);
    expect(run(worn.session, worn.now, [{ type: 'open', questionId: 'question2' }]).session.currentQuestionId).toBe(
      'question2',
    );
  });

  it('are remembered until their files are gone', () => {
    const { session } = play(fresh(), ...STARTED, ...calledOff(1), ...TAKE.slice(0, 1));
    expect(session.erasing).toEqual(['off-0']);
    expect(session.questions[0]?.takes.map(({ state }) => state)).toEqual(['deleted', 'arming']);
  });

  it('do not change the numbers of takes that began', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE);
    const again = TAKE.map((event) => ('takeId' in event ? { ...event, takeId: 'take02' } : event));
    const { session: twice } = run(session, now, [...calledOff(3), ...again]);
    expect(twice.questions[0]?.takes).toMatchObject([{ number: 1 }, { id: 'take02', number: 2 }]);
  });
});

describe('rehearsals', () => {
  const rehearse = (takeId: string): SessionEvent[] => [
    { type: 'rehearsal_arm', takeId },
    { type: 'go', takeId },
    { type: 'rehearsal_stop', takeId },
    { type: 'captured', takeId, durationMs: 900 },
  ];

  it('are forgotten once they are erased, and have an end', () => {
    const { session, now } = play(fresh(), { type: 'check_pass' });
    const names = Array.from({ length: MAX_REHEARSALS }, (_, index) => `demo-${index}`);
    const all = run(session, now, names.flatMap(rehearse));
    expect(all.session.rehearsals).toMatchObject([{ id: names.at(-1), state: 'playable', number: 1 }]);
    const more: SessionEvent = { type: 'rehearsal_arm', takeId: 'demo-x' };
    expect(codeOf(() => transition(all.session, more, all.now))).toBe('too_many_tries');
    // The newest stays as a note, so that the page can say that it was deleted.
    const deleted = run(all.session, all.now, [{ type: 'rehearsal_delete' }]).session;
    expect(deleted.rehearsals).toMatchObject([{ state: 'deleted' }]);
  });
});
