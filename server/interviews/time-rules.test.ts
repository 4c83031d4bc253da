import { describe, expect, it } from 'vitest';
import { fresh, PLAN, play, STARTED, T0, TAKE } from '#test/fixtures/sessions.ts';
import { deadlineOf, nextDueAt } from './session.ts';
import { MAX_DOWN_TIME_MS } from './time-rules.ts';
import { transition } from './transition.ts';

const MINUTE_MS = 60_000;
const deadline = T0 + 2_000 + PLAN.totalTimeMs;

describe('after the server was away', () => {
  it('gives back exactly the time that it was away, and says so', () => {
    const { session } = play(fresh(), ...STARTED, ...TAKE);
    const awaySince = T0 + 30_000;
    const back = transition(session, { type: 'server_back', awaySince }, awaySince + MINUTE_MS).session;
    expect(back.adjustments).toEqual([{ reason: 'server_down', ms: MINUTE_MS, at: awaySince + MINUTE_MS }]);
    expect(deadlineOf(back)).toBe(deadline + MINUTE_MS);
    expect(nextDueAt(back)).toBe(deadline + MINUTE_MS);
  });

  it('gives nothing twice when the same start is repeated, or broken off and repeated later', () => {
    const { session } = play(fresh(), ...STARTED);
    const awaySince = T0 + 30_000;
    const event = { type: 'server_back', awaySince } as const;
    const once = transition(session, event, awaySince + 10_000).session;
    expect(transition(once, event, awaySince + 10_000).session.adjustments).toEqual(once.adjustments);
    const later = transition(once, event, awaySince + 15_000).session;
    expect(later.adjustments.map(({ ms }) => ms)).toEqual([10_000, 5_000]);
  });

  it('counts only time in which the session ran, and was not evidently served', () => {
    const { session, now } = play(fresh(), ...STARTED);
    const early = transition(session, { type: 'server_back', awaySince: T0 }, now + 5_000).session;
    expect(early.adjustments).toMatchObject([{ ms: now + 5_000 - (T0 + 2_000) }]);
    // A server that was being stopped let this take end.
    const drained = play(fresh(), ...STARTED, ...TAKE);
    const stoppedAt = drained.session.questions[0]?.takes[0]?.stoppedAt ?? 0;
    const after = transition(drained.session, { type: 'server_back', awaySince: T0 + 3_000 }, stoppedAt + 7_000);
    expect(after.session.adjustments).toMatchObject([{ ms: 7_000 }]);
  });

  it('gives nothing for a clock that went back', () => {
    const { session, now } = play(fresh(), ...STARTED);
    expect(transition(session, { type: 'server_back', awaySince: now + 9_000 }, now).session.adjustments).toEqual([]);
  });

  it('gives back a day at most, and then the interview is over', () => {
    const { session } = play(fresh(), ...STARTED, ...TAKE);
    const awaySince = T0 + 30_000;
    const now = awaySince + 2 * MAX_DOWN_TIME_MS;
    const back = transition(session, { type: 'server_back', awaySince }, now).session;
    expect(deadlineOf(back)).toBe(deadline + MAX_DOWN_TIME_MS);
    expect(transition(back, { type: 'tick', takeId: null }, now).session.state).toBe('submitting');
  });

  it('does not reopen an interview whose deadline had passed before', () => {
    const { session } = play(fresh(), ...STARTED, ...TAKE);
    const { session: over, effects } = transition(
      session,
      { type: 'server_back', awaySince: deadline },
      deadline + MINUTE_MS,
    );
    expect(over).toMatchObject({ state: 'submitting', submittedAt: deadline, adjustments: [] });
    expect(over.questions[0]?.pickId).toBe('take01');
    expect(effects).toEqual([{ type: 'publish' }]);
  });

  it('gives back thinking time that ran', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE, { type: 'open', questionId: 'question2' });
    const thinkingEndsAt = session.questions[1]?.thinkingEndsAt ?? 0;
    const awaySince = now + 10_000;
    const back = transition(session, { type: 'server_back', awaySince }, awaySince + MINUTE_MS).session;
    expect(back.questions[1]).toMatchObject({ state: 'thinking', thinkingEndsAt: thinkingEndsAt + MINUTE_MS });
    const ended = transition(session, { type: 'server_back', awaySince: thinkingEndsAt }, thinkingEndsAt + 9_000);
    expect(ended.session.questions[1]).toMatchObject({ state: 'ready', thinkingEndsAt });
  });

  it('ends the running take as the server’s own fault, however long it was away', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
    const awaySince = now + 3_000;
    const { session: back, effects } = transition(session, { type: 'server_back', awaySince }, now + MINUTE_MS);
    expect(back.questions[0]?.takes[0]).toMatchObject({
      ...{ state: 'stopping', stopReason: 'server_stopped', stoppedAt: awaySince },
    });
    expect(effects).toEqual([{ type: 'stop', takeId: 'take01' }]);
    const kept = transition(back, { type: 'captured', takeId: 'take01', durationMs: 2_900 }, now + MINUTE_MS).session;
    expect(kept.questions[0]?.takes[0]).toMatchObject({ state: 'interrupted', free: true });
  });

  it('ends a take whose limit had passed before as having reached it, and one that was armed as never begun', () => {
    const recording = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
    const endsAt = recording.session.questions[0]?.takes[0]?.endsAt ?? 0;
    const full = transition(recording.session, { type: 'server_back', awaySince: endsAt }, endsAt + 5_000).session;
    expect(full.questions[0]?.takes[0]).toMatchObject({ state: 'stopping', stopReason: 'limit' });
    const armed = play(fresh(), ...STARTED, ...TAKE.slice(0, 1));
    const back = transition(armed.session, { type: 'server_back', awaySince: armed.now }, armed.now + 5_000).session;
    expect(back.questions[0]).toMatchObject({ state: 'ready', takes: [{ state: 'failed', free: true }] });
  });

  it('goes on with a take that was being stopped', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE.slice(0, 3));
    const { effects } = transition(session, { type: 'server_back', awaySince: now }, now + 5_000);
    expect(effects).toEqual([{ type: 'stop', takeId: 'take01' }]);
  });

  it('ends a rehearsal too, and gives no time to a session without a clock', () => {
    const { session, now } = play(
      fresh(),
      { type: 'check_pass' },
      { type: 'rehearsal_arm', takeId: 'demo01' },
      { type: 'go', takeId: 'demo01' },
    );
    const back = transition(session, { type: 'server_back', awaySince: now }, now + 5_000).session;
    expect(back).toMatchObject({ state: 'checked', adjustments: [], rehearsals: [{ stopReason: 'server_stopped' }] });
  });
});
