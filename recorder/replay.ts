import { rm } from 'node:fs/promises';
import { takeFiles, type CaptureType } from './capture-files.ts';
import { exists } from './missing.ts';
import type { PublishQueue } from './publish-queue.ts';
import type { Recorder } from './recorder.ts';

/** Plays takes that are not published yet. */
export interface Replays {
  /**
   * A finished capture, as it is or as a copy that plays everywhere. The copy is made when it is first asked for: a
   * third of a second for a take of half a minute, as long as a transcode takes where the picture needs one.
   * @returns null when there is no such capture, or not any more
   * @throws AppError `bad_request` for an id that is none, `shutting_down`, else as `publish`
   */
  open(take: {
    sessionId: string;
    takeId: string;
    /** For a browser that plays no Opus in MP4, or no WebM. */
    everywhere: boolean;
  }): Promise<{ file: string; type: CaptureType } | null>;
}

/** @param options.directory the recorder's: a copy lies beside its capture and is removed with it */
export function createReplays(options: {
  directory: string;
  recorder: Pick<Recorder, 'open'>;
  queue: Pick<PublishQueue, 'publish'>;
}): Replays {
  const { directory, recorder, queue } = options;
  /** Several requests for one video come at once: a player asks for its parts. */
  const making = new Map<string, Promise<string | null>>();

  async function make(sessionId: string, takeId: string, capture: string, output: string): Promise<string | null> {
    if (await exists(output)) return output;
    try {
      await queue.publish({ capture, output });
    } catch (error) {
      // Whoever deletes a take does not wait for those who watch it.
      if ((await recorder.open(sessionId, takeId)) === null) return null;
      throw error;
    }
    if ((await recorder.open(sessionId, takeId)) !== null) return output;
    await rm(output, { force: true });
    return null;
  }

  return {
    async open({ sessionId, takeId, everywhere }) {
      const capture = await recorder.open(sessionId, takeId);
      if (!capture || !everywhere) return capture;
      const { replay } = takeFiles(directory, sessionId, takeId);
      const made = making.get(replay) ?? make(sessionId, takeId, capture.file, replay);
      making.set(replay, made);
      try {
        const file = await made;
        return file === null ? null : { file, type: 'video/mp4' };
      } finally {
        making.delete(replay);
      }
    },
  };
}
