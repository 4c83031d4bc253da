import { describe, expect, it } from 'vitest';
import { codeOf, fresh, play, STARTED, STORED, TAKE } from '#test/fixtures/sessions.ts';
import type { SessionEvent } from './events.ts';
import { FORGOTTEN_AFTER_MS, REHEARSAL_KEPT_MS } from './sweep-rules.ts';
import { transition } from './transition.ts';

const CHECKED: SessionEvent = { type: 'check_pass' };
const REHEARSED: SessionEvent[] = [
  CHECKED,
  { type: 'rehearsal_arm', takeId: 'demo01' },
  { type: 'go', takeId: 'demo01' },
  { type: 'rehearsal_stop', takeId: 'demo01' },
  { type: 'captured', takeId: 'demo01', durationMs: 900 },
];
const SUBMITTED: SessionEvent[] = [...STARTED, ...TAKE, { type: 'submit' }];
const SAVED: SessionEvent[] = [
  ...SUBMITTED,
  { type: 'published', takeId: 'take01', stored: STORED },
  { type: 'stored' },
];

describe('a session that is not started', () => {
  it('expires with everything that was recorded', () => {
    const { session, effects, now } = play(fresh(), ...REHEARSED, { type: 'expire' });
    expect(session).toMatchObject({ state: 'expired', expiredAt: now, erasing: ['demo01'], sweepAt: now });
    expect(effects).toEqual([{ type: 'erase' }]);
    expect(codeOf(() => transition(session, CHECKED, now))).toBe('wrong_state');
    expect(transition(session, { type: 'expire' }, now + 1).session.expiredAt).toBe(now);
  });

  it('does not expire once it is started', () => {
    expect(play(fresh(), ...STARTED, { type: 'expire' }).session.state).toBe('running');
  });

  it('loses a rehearsal that lies too long', () => {
    const { session } = play(fresh(), ...REHEARSED);
    const dueAt = (session.rehearsals[0]?.armedAt ?? 0) + REHEARSAL_KEPT_MS;
    expect(session.sweepAt).toBe(dueAt);
    expect(transition(session, { type: 'sweep' }, dueAt - 1).effects).toEqual([]);
    const { session: swept, effects } = transition(session, { type: 'sweep' }, dueAt);
    expect(effects).toEqual([{ type: 'erase' }]);
    expect(swept).toMatchObject({ state: 'checked', rehearsals: [{ state: 'deleted' }], erasing: ['demo01'] });
    const gone = transition(swept, { type: 'erased', takeIds: ['demo01'] }, dueAt + 1).session;
    expect(gone).toMatchObject({ erasing: [], sweepAt: null });
  });
});

describe('what could not be erased', () => {
  it('is remembered and tried again until it is gone', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE, { type: 'withdraw' });
    expect(session).toMatchObject({ erasing: ['take01'], sweepAt: now });
    const again = transition(session, { type: 'sweep' }, now + 60_000);
    expect(again.effects).toEqual([{ type: 'erase' }]);
    expect(again.session.sweepAt).toBe(now + 60_000);
    expect(transition(session, { type: 'withdraw' }, now + 1).effects).toEqual([{ type: 'erase' }]);
    const gone = transition(again.session, { type: 'erased', takeIds: ['take01'] }, now + 60_001).session;
    expect(gone.sweepAt).toBeNull();
    expect(transition(gone, { type: 'sweep' }, now + 120_000).effects).toEqual([]);
  });

  it('keeps answers from being said to be deleted', () => {
    const asked = play(fresh(), ...SAVED, { type: 'delete_answers' });
    expect(asked.session).toMatchObject({ deletionAskedAt: asked.now, answersDeletedAt: null, erasing: ['take01'] });
    expect(transition(asked.session, { type: 'delete_answers' }, asked.now + 1).effects).toEqual([{ type: 'erase' }]);
    const gone = transition(asked.session, { type: 'erased', takeIds: ['take01'] }, asked.now + 5).session;
    expect(gone).toMatchObject({ answersDeletedAt: asked.now + 5, sweepAt: null });
    expect(transition(gone, { type: 'delete_answers' }, asked.now + 9).effects).toEqual([]);
  });

  it('includes the answers of a session without any', () => {
    const skipped = play(fresh(), ...STARTED, { type: 'submit' }, { type: 'stored' }, { type: 'delete_answers' });
    expect(skipped.session.sweepAt).toBe(skipped.now);
    const gone = transition(skipped.session, { type: 'erased', takeIds: [] }, skipped.now).session;
    expect(gone.answersDeletedAt).toBe(skipped.now);
  });
});

describe('a submitted session', () => {
  it('goes to be published once', () => {
    const submitted = play(fresh(), ...SUBMITTED);
    expect(submitted.effects).toEqual([{ type: 'publish' }]);
    expect(play(submitted.session, { type: 'publish_failed', takeId: 'take01' }).effects).toEqual([]);
  });

  it('marks an answer that cannot be saved, until it is', () => {
    const { session, now } = play(fresh(), ...SUBMITTED, { type: 'publish_failed', takeId: 'take01' });
    expect(session).toMatchObject({ state: 'submitting', questions: [{ takes: [{ publishFailedAt: now }] }, {}] });
    const saved = play(session, { type: 'published', takeId: 'take01', stored: STORED }).session;
    expect(saved.questions[0]?.takes[0]).toMatchObject({ state: 'stored', publishFailedAt: null });
  });

  it('can be deleted when no more of it can be saved, and not while it is being saved', () => {
    const submitted = play(fresh(), ...SUBMITTED);
    const ask = { type: 'delete_answers' } as const;
    expect(codeOf(() => play(submitted.session, ask))).toBe('wrong_state');
    const { session } = play(submitted.session, { type: 'publish_failed', takeId: 'take01' }, ask);
    expect(session).toMatchObject({ state: 'stored', storedAt: null, erasing: ['take01'] });
    expect(codeOf(() => play(session, { type: 'published', takeId: 'take01', stored: STORED }))).toBe('wrong_state');
  });
});

describe('a take whose end was not heard of', () => {
  it('is looked at again', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE.slice(0, 3));
    expect(session.sweepAt).toBe(now + FORGOTTEN_AFTER_MS);
    expect(transition(session, { type: 'sweep' }, now + FORGOTTEN_AFTER_MS - 1).effects).toEqual([]);
    const again = transition(session, { type: 'sweep' }, now + FORGOTTEN_AFTER_MS);
    expect(again.effects).toEqual([{ type: 'stop', takeId: 'take01' }]);
    const found = play(again.session, { type: 'captured', takeId: 'take01', durationMs: 900 }).session;
    expect(found).toMatchObject({ sweepAt: null, questions: [{ takes: [{ state: 'playable' }] }, {}] });
  });

  it('keeps a submitted session from being deleted only while it is at work', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE.slice(0, 2));
    const over = transition(session, { type: 'server_back', awaySince: now + 400_000 }, now + 400_001).session;
    expect(over).toMatchObject({ state: 'submitting', questions: [{ takes: [{ state: 'stopping' }] }, {}] });
    const stoppedAt = over.questions[0]?.takes[0]?.stoppedAt ?? 0;
    const ask = { type: 'delete_answers' } as const;
    expect(codeOf(() => transition(over, ask, stoppedAt + FORGOTTEN_AFTER_MS - 1))).toBe('wrong_state');
    const deleted = transition(over, ask, stoppedAt + FORGOTTEN_AFTER_MS).session;
    expect(deleted).toMatchObject({ state: 'stored', erasing: ['take01'] });
    // Its report may come yet, and brings nothing back.
    const late = play(deleted, { type: 'captured', takeId: 'take01', durationMs: 900 }).session;
    expect(late.questions[0]?.takes).toMatchObject([{ state: 'deleted' }]);
  });

  it('is given up when it never began, and costs nothing', () => {
    const { session, now } = play(fresh(), ...STARTED, ...TAKE.slice(0, 1));
    const { session: given, effects } = transition(session, { type: 'sweep' }, now + FORGOTTEN_AFTER_MS);
    expect(given.questions[0]).toMatchObject({ state: 'ready', takes: [{ state: 'failed', free: true }] });
    expect(effects).toEqual([{ type: 'abort', takeId: 'take01' }]);
  });
});
