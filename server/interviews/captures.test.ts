import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '#protocol/errors.ts';
import type { Capture, CaptureLoss, CaptureResult, Recorder } from '#recorder/recorder.ts';
import { ManualClock } from '#server/clock.ts';
import { createLogger } from '#server/log.ts';
import { createCaptures } from './captures.ts';
import type { SessionEvent } from './events.ts';

const COUNTDOWN_ENDS_AT = 3_000;
const LIMIT_MS = 20_000;

const armed = (takeId: string) => ({
  takeId,
  countdownEndsAt: COUNTDOWN_ENDS_AT,
  endsAt: (goAt: number) => goAt + LIMIT_MS,
});

function setUp(start: () => Promise<{ firstFrameAt: number }>, stopFault: ErrorCode = 'wrong_state') {
  const clock = new ManualClock(0);
  const heard: { at: number; event: SessionEvent }[] = [];
  const done: string[] = [];
  const capture: Capture = {
    ended: new Promise(() => undefined),
    stopped: new Promise(() => undefined),
    start: () => {
      done.push(`start ${clock.now()}`);
      return start();
    },
    stop: () => Promise.reject(new AppError(stopFault, 'it cannot be stopped here')),
    abort: () => {
      done.push('abort');
      return Promise.resolve();
    },
  };
  const recorder = { arm: () => Promise.resolve(capture) } as unknown as Recorder;
  const captures = createCaptures({
    recorder,
    recordingSource: () => Promise.resolve({} as never),
    clock,
    log: createLogger('silent'),
    report: (_, event) => {
      heard.push({ at: clock.now(), event });
      return Promise.resolve();
    },
  });
  return { clock, heard, done, captures };
}

test('the first picture is waited for in the countdown, and "go" is said at its end', async () => {
  const { clock, heard, done, captures } = setUp(() => Promise.resolve({ firstFrameAt: 2_950 }));
  captures.arm('session', armed('take'));
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(COUNTDOWN_ENDS_AT - 151);
  expect(done).toEqual([]);
  clock.advance(1);
  await expect.poll(() => clock.pending).toBe(1);
  expect(done).toEqual([`start ${COUNTDOWN_ENDS_AT - 150}`]);
  clock.advance(149);
  expect(heard).toEqual([]);
  clock.advance(1);
  await expect.poll(() => heard).toEqual([{ at: COUNTDOWN_ENDS_AT, event: { type: 'go', takeId: 'take' } }]);
});

test('"go" is said later when the first picture comes later', async () => {
  const picture = Promise.withResolvers<{ firstFrameAt: number }>();
  const { clock, heard, captures } = setUp(() => picture.promise);
  captures.arm('session', armed('take'));
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(COUNTDOWN_ENDS_AT + 400);
  expect(heard).toEqual([]);
  picture.resolve({ firstFrameAt: clock.now() });
  await expect.poll(() => heard.map(({ at }) => at)).toEqual([COUNTDOWN_ENDS_AT + 400]);
});

test('a take that is given up between the first picture and the end of the countdown never hears "go"', async () => {
  const { clock, heard, done, captures } = setUp(() => Promise.resolve({ firstFrameAt: 2_950 }));
  captures.arm('session', armed('take'));
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(COUNTDOWN_ENDS_AT - 100);
  await expect.poll(() => done.length).toBe(1);
  await captures.abort('take');
  expect(done).toContain('abort');
  clock.advance(1_000);
  await captures.idle();
  expect([heard, clock.pending]).toEqual([[], 0]);
});

test('a server that waits for the takes to end hears of the last one', async () => {
  const { captures } = setUp(() => Promise.resolve({ firstFrameAt: 0 }));
  await captures.idle();
  captures.arm('session', armed('one'));
  captures.arm('session', armed('two'));
  const heard: string[] = [];
  const idle = captures.idle().then(() => heard.push('idle'));
  await captures.abort('one');
  expect(heard).toEqual([]);
  await captures.abort('two');
  await idle;
  expect(heard).toEqual(['idle']);
});

test('a finished take whose report fails is not reported as failed', async () => {
  const clock = new ManualClock(0);
  const heard: string[] = [];
  const capture: Capture = {
    ended: new Promise(() => undefined),
    stopped: new Promise(() => undefined),
    start: () => Promise.resolve({ firstFrameAt: 0 }),
    stop: () => Promise.resolve({ durationMs: 900 } as CaptureResult),
    abort: () => Promise.resolve(),
  };
  const captures = createCaptures({
    ...{ clock, log: createLogger('silent'), recordingSource: () => Promise.resolve({} as never) },
    recorder: { arm: () => Promise.resolve(capture) } as unknown as Recorder,
    report(_, { type }) {
      heard.push(type);
      return Promise.reject(new AppError('unavailable', 'The database is away.'));
    },
  });
  captures.arm('session', armed('take'));
  await expect(captures.stop('session', 'take')).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard).toEqual(['captured']);
  await captures.idle();
});

describe('while the database is away', () => {
  function away() {
    const clock = new ManualClock(0);
    const done: string[] = [];
    const ended = Promise.withResolvers<CaptureLoss>();
    const stopped = Promise.withResolvers<void>();
    const result = { durationMs: 900 } as CaptureResult;
    const capture: Capture = {
      ended: ended.promise,
      stopped: stopped.promise,
      start: () => Promise.resolve({ firstFrameAt: 0 }),
      stop: () => {
        done.push(`stop ${clock.now()}`);
        stopped.resolve();
        return Promise.resolve(result);
      },
      abort: () => {
        done.push('abort');
        return Promise.resolve();
      },
    };
    const reachable = { now: true };
    const captures = createCaptures({
      ...{ clock, log: createLogger('silent'), recordingSource: () => Promise.resolve({} as never) },
      recorder: { arm: () => Promise.resolve(capture) } as unknown as Recorder,
      report(_, { type }) {
        done.push(type);
        return reachable.now ? Promise.resolve() : Promise.reject(new AppError('unavailable', 'The database is away.'));
      },
    });
    async function recording() {
      captures.arm('session', armed('take'));
      await expect.poll(() => clock.pending).toBe(1);
      clock.advance(COUNTDOWN_ENDS_AT);
      await expect.poll(() => done).toEqual(['go']);
      await expect.poll(() => clock.pending).toBe(1);
      reachable.now = false;
    }
    return { clock, done, ended, captures, reachable, recording };
  }

  test('a take whose media are lost is kept', async () => {
    const { done, ended, captures, reachable, recording, clock } = away();
    await recording();
    ended.resolve('media_lost');
    await expect.poll(() => done).toEqual(['go', 'cut', `stop ${COUNTDOWN_ENDS_AT}`]);
    expect(clock.pending).toBe(0);
    reachable.now = true;
    await captures.stop('session', 'take');
    expect(done.at(-1)).toBe('captured');
    expect(done).not.toContain('abort');
    await captures.idle();
  });

  test('the recorder keeps the limit by itself', async () => {
    const { clock, done, captures, reachable, recording } = away();
    await recording();
    clock.advance(LIMIT_MS);
    expect(done).toEqual(['go']);
    clock.advance(1_000);
    await expect.poll(() => done).toEqual(['go', `stop ${COUNTDOWN_ENDS_AT + LIMIT_MS + 1_000}`]);
    reachable.now = true;
    await captures.stop('session', 'take');
    expect(done.at(-1)).toBe('captured');
    expect(clock.pending).toBe(0);
  });
});

test('a take that cannot be examined now is not reported as failed', async () => {
  const { clock, heard, captures } = setUp(() => Promise.resolve({ firstFrameAt: 0 }), 'recorder_failed');
  captures.arm('session', armed('take'));
  await expect.poll(() => clock.pending).toBe(1);
  await expect(captures.stop('session', 'take')).rejects.toMatchObject({ code: 'recorder_failed' });
  expect(heard).toEqual([]);
  await captures.idle();
});
