import { rm } from 'node:fs/promises';
import { AppError, type ErrorCode } from '#protocol/errors.ts';
import type { PublishView } from '#protocol/session.ts';
import type { Recorder } from '#recorder/recorder.ts';
import type { Clock } from '#server/clock.ts';
import type { SessionEvent } from '#server/interviews/events.ts';
import { picksOf, type Session, type Take } from '#server/interviews/session.ts';
import type { Logger } from '#server/log.ts';
import { createPickPublisher, type PickPublisherOptions } from './publish-pick.ts';
import { wait } from './wait.ts';

/** Waits between tries of a session's saving; the last one is repeated. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000] as const;
/**
 * What a capture itself causes. Everything else (storage, disk, database) is some day mended by somebody, and is tried
 * again for as long as it takes.
 */
const FAULTS_OF_THE_CAPTURE: readonly ErrorCode[] = [
  'recorder_failed',
  'media_missing',
  'media_unsupported',
  'bad_request',
];
/** A machine short of memory kills an ffmpeg too: within the waits above, this is about two minutes. */
const TRIES_OF_A_CAPTURE = 8;

export interface PublisherOptions extends Omit<PickPublisherOptions, 'recorder'> {
  recorder: Recorder;
  clock: Clock;
  log: Logger;
  load: (sessionId: string) => Promise<Session | null>;
  report: (sessionId: string, event: SessionEvent) => Promise<void>;
  onProgress: (session: Session) => void;
}

/** One session's saving. */
interface Run {
  done: Promise<void>;
  abort: AbortController;
  /** Rejects when the session is being deleted. */
  cancelled: PromiseWithResolvers<never>;
  /** How often each take's own fault has been met. */
  faults: Map<string, number>;
  givenUp: Set<string>;
}

/**
 * Saves the picks of submitted sessions, and deletes what is not to be kept. The session's state in the database is the
 * queue: `submitting` means that there is work, so a restart goes on where it was, and a step done twice does no harm.
 */
export function createPublisher(options: PublisherOptions) {
  const { recorder, directory, clock, log, load, report, onProgress } = options;
  const publishPick = createPickPublisher(options);
  const running = new Map<string, Run>();
  const views = new Map<string, PublishView>();
  let closed = false;

  function step(session: Session, view: PublishView): void {
    const key = `${session.id}/${view.questionId}`;
    const before = views.get(key);
    // A new try begins again, within one try nothing goes back.
    if (before && before.state === view.state && view.progress < before.progress) return;
    views.set(key, view);
    onProgress(session);
  }

  /**
   * Tells the rules, but waits for them only while the session is to be saved: a deletion waits for the end of this run,
   * and the rules take up a report after the deletion.
   */
  const tell = (run: Run, sessionId: string, event: SessionEvent): Promise<void> =>
    Promise.race([report(sessionId, event), run.cancelled.promise]);

  /** Decides what becomes of a pick that failed. */
  async function onFault(run: Run, session: Session, questionId: string, take: Take, error: unknown): Promise<void> {
    const context = { session: session.id, take: take.id, err: error };
    const own = error instanceof AppError && FAULTS_OF_THE_CAPTURE.includes(error.code);
    const faults = (run.faults.get(take.id) ?? 0) + (own ? 1 : 0);
    run.faults.set(take.id, faults);
    // One that was given up before gets a single try.
    if (!own || faults < (take.publishFailedAt === null ? TRIES_OF_A_CAPTURE : 1)) {
      log.warn({ ...context, faults }, 'saving failed, trying again');
      step(session, { questionId, state: 'retrying', progress: 0 });
      return;
    }
    views.delete(`${session.id}/${questionId}`);
    await tell(run, session.id, { type: 'publish_failed', takeId: take.id });
    // Only what has been noted is given up.
    run.givenUp.add(take.id);
    log.error(context, 'an answer could not be saved: its capture is kept, and the next start tries again');
  }

  /**
   * Deletes the captures of the questions whose answer is safe, the pick's own included. Those of a question whose pick
   * is not safe are all kept: one of them may have to take its place.
   * @returns whether all of them are gone; one that cannot be deleted keeps no other one
   */
  async function clear(session: Session, safe: ReadonlySet<string>): Promise<boolean> {
    let cleared = true;
    for (const { id, pickId, takes } of session.questions) {
      if (pickId !== null && !safe.has(id)) continue;
      for (const take of takes) {
        try {
          await recorder.remove(session.id, take.id);
        } catch (error) {
          cleared = false;
          log.warn({ session: session.id, take: take.id, err: error }, 'capture not deleted, trying again');
        }
      }
    }
    return cleared;
  }

  /** One walk through all that is left to do. @returns whether nothing is */
  async function walk(run: Run, sessionId: string): Promise<boolean> {
    const { signal } = run.abort;
    const session = await load(sessionId);
    if (session?.state !== 'submitting') return true;
    const picks = picksOf(session);
    const safe = new Set<string>();
    let again = false;
    for (const { question, take } of picks) {
      if (run.givenUp.has(take.id)) continue;
      if (take.state === 'stored') {
        safe.add(question.id);
        continue;
      }
      const onStep = (view: PublishView) => step(session, view);
      try {
        const stored = await publishPick({ session, questionId: question.id, takeId: take.id, signal, onStep });
        signal.throwIfAborted();
        await tell(run, session.id, { type: 'published', takeId: take.id, stored });
      } catch (error) {
        if (signal.aborted) return true;
        await onFault(run, session, question.id, take, error);
        again ||= !run.givenUp.has(take.id);
        continue;
      }
      views.delete(`${session.id}/${question.id}`);
      safe.add(question.id);
    }
    if (!(await clear(session, safe)) || again) return false;
    if (run.givenUp.size > 0) return true;
    await recorder.removeSession(session.id);
    await tell(run, session.id, { type: 'stored' });
    log.info({ session: session.id, answers: picks.length }, 'session stored');
    return true;
  }

  async function save(run: Run, sessionId: string): Promise<void> {
    const { signal } = run.abort;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        if (await walk(run, sessionId)) return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ session: sessionId, tries, err: error }, 'saving failed, trying again');
      }
      const index = Math.min(tries, RETRY_DELAYS_MS.length - 1);
      await wait(clock, RETRY_DELAYS_MS[index] ?? 0, signal);
    }
  }

  return {
    /** Sees to it that a submitted session is saved; harmless when that is under way. */
    publish(sessionId: string): void {
      if (closed || running.has(sessionId)) return;
      const run: Run = {
        done: Promise.resolve(),
        abort: new AbortController(),
        cancelled: Promise.withResolvers<never>(),
        faults: new Map(),
        givenUp: new Set(),
      };
      // Most runs are never cancelled, and some not while they wait for it.
      run.cancelled.promise.catch(() => undefined);
      running.set(sessionId, run);
      run.done = save(run, sessionId).finally(() => running.delete(sessionId));
    },

    /** Ends the saving of a session, of which nothing is to be kept. */
    async cancel(sessionId: string): Promise<void> {
      const run = running.get(sessionId);
      if (!run) return;
      const reason = new AppError('wrong_state', 'The session is being deleted.');
      run.abort.abort(reason);
      run.cancelled.reject(reason);
      await run.done;
    },

    /** How far the saving of each pick is. */
    progress(session: Session): PublishView[] {
      if (session.state !== 'submitting' && session.state !== 'stored') return [];
      return picksOf(session).map(({ question: { id: questionId }, take }) => {
        if (take.state === 'stored') return { questionId, state: 'safe', progress: 1 };
        const known = views.get(`${session.id}/${questionId}`);
        return known ?? { questionId, state: take.publishFailedAt === null ? 'waiting' : 'failed', progress: 0 };
      });
    },

    /** Removes what a crash has left of unfinished work; before the first session is saved. */
    async tidy(): Promise<void> {
      await rm(directory, { recursive: true, force: true });
    },

    /** Ends what is under way; a later start takes it up again. */
    async close(): Promise<void> {
      closed = true;
      const stopping = new AppError('shutting_down', 'The server is stopping.');
      for (const { abort } of running.values()) abort.abort(stopping);
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}
