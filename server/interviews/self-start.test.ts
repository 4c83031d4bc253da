import { describe, expect, it } from 'vitest';
import { codeOf, fresh, PLAN, play, TAKE } from '#test/fixtures/sessions.ts';
import type { SessionEvent } from './events.ts';
import { nextDueAt, type Session } from './session.ts';
import { transition } from './transition.ts';

const OPEN_FIRST: SessionEvent = { type: 'open', questionId: 'question1' };
const OPEN_SECOND: SessionEvent = { type: 'open', questionId: 'question2' };
/** Somebody who thinks about the second question, of an interview whose recordings start by themselves. */
const thinking = () =>
  play(fresh(), { type: 'check_pass' }, { type: 'start', plan: { ...PLAN, autoStart: true } }, ...TAKE, OPEN_SECOND);

const second = (session: Session) => session.questions[1];
const endOfThinking = (session: Session) => second(session)?.thinkingEndsAt ?? 0;

/** Lets everything happen that is due at `now`, as the service's timer does. */
function settle(session: Session, now: number) {
  const due = nextDueAt(session);
  if (due === null || due > now) return { session, effects: [] };
  return transition(session, { type: 'tick', takeId: 'auto01' }, now);
}

describe('a recording that starts by itself', () => {
  it('waits while another question is shown, and begins when its own is shown again', () => {
    const { session, now } = thinking();
    const away = play(session, [now, OPEN_FIRST]).session;
    // Nothing is due for it meanwhile: neither is a timer armed nor anything recorded.
    expect(nextDueAt(away)).toBeGreaterThan(endOfThinking(away));
    const late = endOfThinking(away) + 100_000;
    const back = play(settle(away, late).session, [late, OPEN_SECOND]).session;
    expect(nextDueAt(back)).toBeLessThanOrEqual(late);
    const begun = settle(back, late);
    expect(begun.effects).toMatchObject([{ type: 'arm', takeId: 'auto01' }]);
    expect(second(begun.session)?.state).toBe('arming');
  });

  it('begins at the end of thinking when its question is shown again before', () => {
    const { session, now } = thinking();
    const back = play(session, [now, OPEN_FIRST], [now + 1_000, OPEN_SECOND]).session;
    expect(nextDueAt(back)).toBe(endOfThinking(session));
    expect(settle(back, endOfThinking(back)).effects).toMatchObject([{ type: 'arm' }]);
  });

  it('is not lost by skipping and coming back', () => {
    const { session, now } = thinking();
    const skipped = play(session, [now, { type: 'skip', questionId: 'question2' }]).session;
    const early = play(skipped, [now + 1_000, OPEN_SECOND]).session;
    expect(second(early)).toMatchObject({ state: 'thinking', thinkingEndsAt: endOfThinking(session) });
    const late = endOfThinking(session) + 100_000;
    const back = play(skipped, [late, OPEN_SECOND]).session;
    expect(settle(back, late).effects).toMatchObject([{ type: 'arm' }]);
  });

  it('begins with "ready"', () => {
    const { session, now } = thinking();
    const ready = play(session, [now + 1_000, { type: 'ready', questionId: 'question2' }]).session;
    expect(nextDueAt(ready)).toBe(now + 1_000);
    expect(settle(ready, now + 1_000).effects).toMatchObject([{ type: 'arm' }]);
  });

  it('is not lost to a command at the very moment', () => {
    const { session } = thinking();
    const end = endOfThinking(session);
    const asked = transition(session, { type: 'pick', questionId: 'question1', takeId: 'take01' }, end).session;
    expect(settle(asked, end).effects).toMatchObject([{ type: 'arm' }]);
  });

  it('cannot be called off in its countdown', () => {
    const { session } = thinking();
    const begun = settle(session, endOfThinking(session)).session;
    const stop: SessionEvent = { type: 'stop', takeId: 'auto01' };
    expect(codeOf(() => transition(begun, stop, endOfThinking(session) + 1_000))).toBe('wrong_state');
    const running = play(begun, [endOfThinking(session) + 3_000, { type: 'go', takeId: 'auto01' }], stop).session;
    expect(second(running)?.takes).toMatchObject([{ state: 'stopping', stopReason: 'candidate' }]);
  });

  it('begins once: a start that failed is the candidate’s to repeat', () => {
    const { session } = thinking();
    const begun = settle(session, endOfThinking(session)).session;
    const failed = play(begun, [
      endOfThinking(session) + 500,
      { type: 'capture_failed', takeId: 'auto01', reason: 'media_lost' },
    ]).session;
    expect(second(failed)?.state).toBe('ready');
    expect(nextDueAt(failed)).toBeGreaterThan(endOfThinking(session) + 500);
  });

  it('does not begin while the server stops, and is not tried without end', () => {
    const { session } = thinking();
    const end = endOfThinking(session);
    const { session: ready, effects } = transition(session, { type: 'tick', takeId: null }, end);
    expect(effects).toEqual([]);
    expect(nextDueAt(ready)).toBeGreaterThan(end);
  });

  it('gets no new thinking time by an outage that came after the old one', () => {
    const { session, now } = thinking();
    const away = play(session, [now, OPEN_FIRST]).session;
    const awaySince = endOfThinking(away) + 10_000;
    const back = transition(away, { type: 'server_back', awaySince }, awaySince + 50_000).session;
    expect(endOfThinking(back)).toBe(endOfThinking(away));
  });
});
