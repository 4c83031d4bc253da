import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { codeOf, fresh, PLAN, play, STARTED, STORED, T0, TAKE } from '#test/fixtures/sessions.ts';
import type { SessionEvent } from './events.ts';
import { allTakes, deadlineOf, isLive, nextDueAt, takesLeft, type Session } from './session.ts';
import { transition } from './transition.ts';

describe('transition', () => {
  it('leads from consent through a take to a submitted session', () => {
    const { session, effects } = play(fresh(), ...STARTED, ...TAKE, { type: 'submit' });
    expect(session.state).toBe('submitting');
    expect(session.questions[0]?.pickId).toBe('take01');
    expect(session.questions[1]?.pickId).toBeNull();
    expect(effects).toEqual([{ type: 'publish' }]);
  });

  it('counts the limit from "go", never beyond the deadline', () => {
    const armed = play(fresh(), ...STARTED, { type: 'arm', questionId: 'question1', takeId: 'take01' });
    const go = transition(armed.session, { type: 'go', takeId: 'take01' }, armed.now + 3200).session;
    expect(go.questions[0]?.takes[0]).toMatchObject({ goAt: armed.now + 3200, endsAt: armed.now + 23_200 });
    const deadline = deadlineOf(armed.session) ?? 0;
    const late = transition(armed.session, { type: 'go', takeId: 'take01' }, deadline - 5000).session;
    expect(late.questions[0]?.takes[0]?.endsAt).toBe(deadline);
  });

  it('stops a take at its limit and the interview at its deadline, without any word of the client', () => {
    const running = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
    const endsAt = running.session.questions[0]?.takes[0]?.endsAt ?? 0;
    expect(nextDueAt(running.session)).toBe(endsAt);
    const stopped = transition(running.session, { type: 'tick', takeId: 'x' }, endsAt);
    expect(stopped.session.questions[0]?.takes[0]).toMatchObject({ state: 'stopping', stopReason: 'limit' });
    const over = transition(running.session, { type: 'tick', takeId: 'x' }, deadlineOf(running.session) ?? 0);
    expect(over.session.state).toBe('submitting');
    expect(over.effects).toEqual([{ type: 'stop', takeId: 'take01' }]);
    const settled = transition(over.session, { type: 'captured', takeId: 'take01', durationMs: 5 }, T0 + 400_000);
    expect(settled.effects).toEqual([{ type: 'publish' }]);
    expect(settled.session.questions[0]?.pickId).toBe('take01');
  });

  it('refuses what comes after the deadline, even before the timer has fired', () => {
    const { session } = play(fresh(), ...STARTED, ...TAKE);
    const late = (deadlineOf(session) ?? 0) + 1;
    expect(codeOf(() => transition(session, { type: 'arm', questionId: 'question1', takeId: 'take02' }, late))).toBe(
      'deadline_passed',
    );
  });

  it('refuses a fourth take, a foreign pick, two takes at once and a second start', () => {
    const again = (n: number): SessionEvent[] =>
      TAKE.map((event) => ('takeId' in event ? { ...event, takeId: `take0${n}` } : event));
    const { session, now } = play(fresh(), ...STARTED, ...again(1), ...again(2), ...again(3));
    const at = (event: SessionEvent) => codeOf(() => transition(session, event, now));
    expect(at({ type: 'arm', questionId: 'question1', takeId: 'take04' })).toBe('no_takes_left');
    expect(at({ type: 'pick', questionId: 'question1', takeId: 'foreign' })).toBe('unknown_take');
    expect(at({ type: 'pick', questionId: 'question2', takeId: 'take01' })).toBe('unknown_take');
    expect(at({ type: 'start', plan: PLAN })).toBe('already_started');
    expect(at({ type: 'open', questionId: 'nowhere' })).toBe('unknown_question');
    const live = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
    expect(
      codeOf(() => transition(live.session, { type: 'arm', questionId: 'question1', takeId: 'b' }, live.now)),
    ).toBe('take_in_progress');
    expect(codeOf(() => transition(live.session, { type: 'submit' }, live.now))).toBe('take_in_progress');
  });

  it('gives back takes that the system cut short, twice a question', () => {
    let { session, now } = play(fresh(), ...STARTED);
    const free: boolean[] = [];
    for (const takeId of ['take01', 'take02', 'take03']) {
      const cut = play(
        session,
        [now + 1, { type: 'arm', questionId: 'question1', takeId }],
        { type: 'go', takeId },
        { type: 'cut', takeId, reason: 'media_lost' },
        { type: 'captured', takeId, durationMs: 900 },
      );
      ({ session, now } = cut);
      const take = session.questions[0]?.takes.at(-1);
      expect(take?.state).toBe('interrupted');
      free.push(take?.free ?? false);
    }
    expect(free).toEqual([true, true, false]);
    const question = session.questions[0];
    expect(question && takesLeft(question)).toBe(2);
  });

  it('starts by itself after thinking time only where the interview says so', () => {
    for (const autoStart of [false, true]) {
      const { session } = play(
        fresh(),
        { type: 'check_pass' },
        { type: 'start', plan: { ...PLAN, autoStart } },
        ...TAKE,
        { type: 'open', questionId: 'question2' },
      );
      const due = nextDueAt(session) ?? 0;
      expect(due).toBe(session.questions[1]?.thinkingEndsAt);
      const { effects } = transition(session, { type: 'tick', takeId: 'auto01' }, due);
      expect(effects.map(({ type }) => type)).toEqual(autoStart ? ['arm'] : []);
    }
  });

  it('brings no new thinking time when a question is reopened', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE, { type: 'open', questionId: 'question2' });
    const ready = play(session, [now, { type: 'ready', questionId: 'question2' }], {
      type: 'skip',
      questionId: 'question2',
    });
    const again = play(ready.session, [ready.now, { type: 'open', questionId: 'question2' }]);
    expect(again.session.questions[1]?.state).toBe('ready');
  });

  it('keeps its promises whatever happens in whatever order', () => {
    const takeId = fc.constantFrom('take01', 'take02', 'take03', 'take04');
    const questionId = fc.constantFrom('question1', 'question2', 'nowhere');
    const event: fc.Arbitrary<SessionEvent> = fc.oneof(
      fc.constantFrom<SessionEvent>(
        { type: 'check_pass' },
        { type: 'rehearsal_delete' },
        { type: 'start', plan: PLAN },
        { type: 'start', plan: { ...PLAN, autoStart: true } },
        { type: 'submit' },
        { type: 'withdraw' },
        { type: 'stored' },
        { type: 'delete_answers' },
        { type: 'expire' },
        { type: 'sweep' },
      ),
      // Replaced by an instant before the event.
      fc.record({ type: fc.constant('server_back' as const), awaySince: fc.nat(40_000) }),
      fc.record({ type: fc.constant('erased' as const), takeIds: fc.array(takeId) }),
      fc.record({ type: fc.constant('publish_failed' as const), takeId }),
      fc.record({ type: fc.constant('published' as const), takeId, stored: fc.constant(STORED) }),
      fc.record({ type: fc.constantFrom('open' as const, 'ready' as const, 'skip' as const), questionId }),
      fc.record({
        type: fc.constantFrom('rehearsal_arm' as const, 'rehearsal_stop' as const, 'stop' as const, 'go' as const),
        takeId,
      }),
      fc.record({ type: fc.constantFrom('arm' as const, 'pick' as const), questionId, takeId }),
      fc.record({ type: fc.constant('captured' as const), takeId, durationMs: fc.nat(60_000) }),
      fc.record({ type: fc.constant('cut' as const), takeId, reason: fc.constant('media_lost' as const) }),
      fc.record({ type: fc.constant('capture_failed' as const), takeId, reason: fc.constant('media_lost' as const) }),
      fc.record({ type: fc.constant('tick' as const), takeId }),
    );
    const ORDER = ['arming', 'recording', 'stopping', 'playable', 'interrupted', 'failed', 'stored', 'deleted'];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20_000), event), { maxLength: 60 }), (steps) => {
        let session = fresh();
        let now = T0;
        for (const [wait, event] of steps) {
          now += wait;
          const next = event.type === 'server_back' ? { ...event, awaySince: now - event.awaySince } : event;
          const before = structuredClone(session);
          let after: Session;
          try {
            after = transition(session, next, now).session;
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            expect(session).toEqual(before);
            continue;
          }
          expect(session).toEqual(before);
          expect(allTakes(after).filter(isLive).length).toBeLessThanOrEqual(1);
          for (const take of allTakes(before)) {
            const later = allTakes(after).find(({ id }) => id === take.id);
            if (later && new Set(allTakes(after).map(({ id }) => id)).size === allTakes(after).length)
              expect(ORDER.indexOf(later.state)).toBeGreaterThanOrEqual(ORDER.indexOf(take.state));
          }
          for (const question of after.questions) {
            const paid = question.takes.filter(({ free }) => !free).length;
            expect(paid).toBeLessThanOrEqual(question.takesAllowed);
            if (question.pickId) expect(question.takes.map(({ id }) => id)).toContain(question.pickId);
          }
          const moved = (deadlineOf(after) ?? 0) - (deadlineOf(before) ?? 0);
          if (before.startedAt !== null) {
            expect(moved).toBeGreaterThanOrEqual(0);
            expect(moved).toBeLessThanOrEqual(next.type === 'server_back' ? now - next.awaySince : 0);
            // However often it was away, and however these times overlap, nothing is given back twice.
            const given = after.adjustments.reduce((sum, { ms }) => sum + ms, 0);
            expect(given).toBeLessThanOrEqual(now - before.startedAt);
          }
          const deleted = allTakes(after).filter(({ state }) => state === 'deleted');
          expect(deleted.map(({ id }) => id)).toEqual(expect.arrayContaining(after.erasing));
          session = after;
        }
      }),
      { numRuns: 400 },
    );
  });
});
