import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#protocol/errors.ts';
import type { PublishView } from '#protocol/session.ts';
import type { PublishQueue } from '#recorder/publish-queue.ts';
import type { Recorder } from '#recorder/recorder.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import type { Session, StoredAnswer } from '#server/interviews/session.ts';

/** How the way of one pick to its storage is divided for the progress bar. */
const SHARE = { preparing: 0.4, uploading: 0.4 } as const;

/** Where every video of a session lies in the storage. */
export const sessionPrefix = (session: Session): string =>
  `${session.organisationId}/${session.interviewId}/${session.id}/`;

export interface PickPublisherOptions {
  queue: PublishQueue;
  storage: Storage;
  recorder: Pick<Recorder, 'open'>;
  /** Where finished MP4s lie until they are stored. */
  directory: string;
}

export interface PickJob {
  session: Session;
  questionId: string;
  takeId: string;
  signal: AbortSignal;
  onStep: (view: PublishView) => void;
}

/**
 * Makes the function that brings one pick to its final storage and reads it back from there. It may be done again.
 * @throws AppError `recorder_failed`, `media_missing`, `media_unsupported` for a capture that is damaged or gone;
 *   `unavailable`, `disk_full` when the storage does not take it; the signal's reason when it is aborted
 */
export function createPickPublisher({ queue, storage, recorder, directory }: PickPublisherOptions) {
  return async ({ session, questionId, takeId, signal, onStep }: PickJob): Promise<StoredAnswer> => {
    const step = (state: PublishView['state'], progress: number) => onStep({ questionId, state, progress });
    const capture = await recorder.open(session.id, takeId);
    if (!capture) throw new AppError('recorder_failed', 'The capture of a picked take is missing.');
    // A storage that is away for hours must not cost a transcode at each try.
    await storage.check();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const output = join(directory, `${session.id}-${takeId}.mp4`);
    try {
      step('preparing', 0);
      const made = await queue.publish({
        capture: capture.file,
        output,
        signal,
        onProgress: (part) => step('preparing', part * SHARE.preparing),
      });
      const key = `${sessionPrefix(session)}${questionId}.mp4`;
      const uploaded = (part: number) => SHARE.preparing + Math.min(1, part) * SHARE.uploading;
      step('uploading', uploaded(0));
      await storage.put(key, made.file, {
        signal,
        onProgress: (bytes) => step('uploading', uploaded(bytes / made.bytes)),
      });
      step('verifying', uploaded(1));
      const found = await storage.verify(key);
      if (!found || found.bytes !== made.bytes || found.sha256 !== made.sha256)
        throw new AppError('unavailable', 'What the storage gives back is not what was stored.');
      const { bytes, sha256, durationMs, width, height } = made;
      return { key, bytes, sha256, durationMs, width, height };
    } finally {
      await rm(output, { force: true });
    }
  };
}
