import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '#protocol/errors.ts';
import type { PublishView } from '#protocol/session.ts';
import type { PublishQueue } from '#recorder/publish-queue.ts';
import type { Recorder } from '#recorder/recorder.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import type { SessionEvent } from '#server/interviews/events.ts';
import type { Session, StoredAnswer } from '#server/interviews/session.ts';
import { picksOf } from '#server/interviews/session-view.ts';
import type { Logger } from '#server/log.ts';

/** Waits between tries of a session's saving; the last one is repeated. */
const RETRY_DELAYS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;
/** How the way of one pick to its storage is divided for the progress bar. */
const SHARE = { preparing: 0.4, uploading: 0.4, verifying: 0.2 } as const;

export interface PublisherOptions {
  queue: PublishQueue;
  storage: Storage;
  recorder: Recorder;
  /** Where finished MP4s lie until they are stored. */
  directory: string;
  log: Logger;
  load: (sessionId: string) => Promise<Session | null>;
  report: (sessionId: string, event: SessionEvent) => Promise<void>;
  onProgress: (session: Session) => void;
}

/** Where every video of a session lies in the storage. */
export const sessionPrefix = (session: Session): string =>
  `${session.organisationId}/${session.interviewId}/${session.id}/`;

/**
 * Saves the picks of submitted sessions, and deletes what is not to be kept. The session's state in the database is the
 * queue: `submitting` means that there is work, so a restart goes on where it was, and a step done twice does no harm.
 */
export function createPublisher(options: PublisherOptions) {
  const { queue, storage, recorder, directory, log, load, report, onProgress } = options;
  const running = new Map<string, Promise<void>>();
  const views = new Map<string, PublishView>();
  const closing = new AbortController();

  function step(session: Session, view: PublishView): void {
    const before = views.get(`${session.id}/${view.questionId}`);
    // A new try begins again, within one try nothing goes back.
    if (before && before.state === view.state && view.progress < before.progress) return;
    views.set(`${session.id}/${view.questionId}`, view);
    onProgress(session);
  }

  async function publishPick(session: Session, questionId: string, takeId: string): Promise<StoredAnswer> {
    const capture = await recorder.open(session.id, takeId);
    if (!capture) throw new AppError('recorder_failed', 'The capture of a picked take is missing.');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const output = join(directory, `${session.id}-${takeId}.mp4`);
    const { signal } = closing;
    try {
      step(session, { questionId, state: 'preparing', progress: 0 });
      const made = await queue.publish({
        capture: capture.file,
        output,
        signal,
        onProgress: (part) => step(session, { questionId, state: 'preparing', progress: part * SHARE.preparing }),
      });
      const key = `${sessionPrefix(session)}${questionId}.mp4`;
      const uploaded = (part: number) => SHARE.preparing + Math.min(1, part) * SHARE.uploading;
      step(session, { questionId, state: 'uploading', progress: uploaded(0) });
      await storage.put(key, made.file, {
        signal,
        onProgress: (bytes) =>
          step(session, { questionId, state: 'uploading', progress: uploaded(bytes / made.bytes) }),
      });
      step(session, { questionId, state: 'verifying', progress: uploaded(1) });
      const found = await storage.verify(key);
      if (!found || found.bytes !== made.bytes || found.sha256 !== made.sha256)
        throw new AppError('unavailable', 'What the storage gives back is not what was stored.');
      const { bytes, sha256, durationMs, width, height } = made;
      return { key, bytes, sha256, durationMs, width, height };
    } finally {
      await rm(output, { force: true });
    }
  }

  async function saveOnce(sessionId: string): Promise<void> {
    const session = await load(sessionId);
    if (session?.state !== 'submitting') return;
    const picks = picksOf(session);
    const kept = new Set(picks.map(({ take }) => take.id));
    for (const { takes } of session.questions)
      for (const take of takes) if (!kept.has(take.id)) await recorder.remove(session.id, take.id);
    for (const { question, take } of picks) {
      if (take.state === 'stored') continue;
      const stored = await publishPick(session, question.id, take.id);
      await report(session.id, { type: 'published', takeId: take.id, stored });
      step(session, { questionId: question.id, state: 'safe', progress: 1 });
    }
    await recorder.removeSession(session.id);
    await report(session.id, { type: 'stored' });
    for (const { question } of picks) views.delete(`${session.id}/${question.id}`);
    log.info({ session: session.id, answers: picks.length }, 'session stored');
  }

  async function save(sessionId: string): Promise<void> {
    for (let tries = 0; !closing.signal.aborted; tries += 1) {
      try {
        await saveOnce(sessionId);
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        log.error({ session: sessionId, tries, err: error }, 'saving failed, trying again');
        const session = await load(sessionId).catch(() => null);
        const view = session && [...picksOf(session)].find(({ take }) => take.state !== 'stored');
        if (session && view) {
          views.set(`${session.id}/${view.question.id}`, {
            questionId: view.question.id,
            state: 'retrying',
            progress: 0,
          });
          onProgress(session);
        }
        const wait = RETRY_DELAYS_MS[Math.min(tries, RETRY_DELAYS_MS.length - 1)] ?? 0;
        // An abort ends the wait; the loop's condition then ends the loop.
        await delay(wait, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  return {
    /** Sees to it that a submitted session is saved; harmless when that is under way. */
    publish(sessionId: string): void {
      if (running.has(sessionId)) return;
      const run = save(sessionId).finally(() => running.delete(sessionId));
      running.set(sessionId, run);
    },

    /**
     * Deletes every video of a session from disk and storage, and makes sure of it.
     * @throws AppError `unavailable` when something is still there
     */
    async erase(session: Session): Promise<void> {
      await running.get(session.id);
      await recorder.removeSession(session.id);
      const prefix = sessionPrefix(session);
      for await (const { key } of storage.list(prefix)) await storage.delete(key);
      for await (const { key } of storage.list(prefix))
        throw new AppError('unavailable', `The storage still holds ${key}.`);
    },

    /** How far the saving of each pick is. */
    progress(session: Session): PublishView[] {
      if (session.state !== 'submitting' && session.state !== 'stored') return [];
      return picksOf(session).map(({ question, take }) => {
        if (take.state === 'stored') return { questionId: question.id, state: 'safe', progress: 1 };
        return views.get(`${session.id}/${question.id}`) ?? { questionId: question.id, state: 'waiting', progress: 0 };
      });
    },

    /** Ends what is under way; a later start takes it up again. */
    async close(): Promise<void> {
      closing.abort(new AppError('shutting_down', 'The server is stopping.'));
      await Promise.all(running.values());
    },
  };
}
