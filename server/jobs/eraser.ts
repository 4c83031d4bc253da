import { AppError } from '#protocol/errors.ts';
import type { Recorder } from '#recorder/recorder.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import type { Session } from '#server/interviews/session.ts';
import { sessionPrefix } from './publish-pick.ts';

export interface EraserOptions {
  storage: Pick<Storage, 'list' | 'delete'>;
  recorder: Pick<Recorder, 'removeSession'>;
  /** Ends the saving of a session, if it is under way. */
  cancel: (sessionId: string) => Promise<void>;
}

/**
 * Makes the function that deletes every video of a session from disk and storage, and makes sure of it.
 * @throws AppError `unavailable` when something may still be there; it can be done again
 */
export function createEraser({ storage, recorder, cancel }: EraserOptions) {
  return async (session: Session): Promise<void> => {
    await cancel(session.id);
    await recorder.removeSession(session.id);
    const prefix = sessionPrefix(session);
    for await (const { key } of storage.list(prefix)) await storage.delete(key);
    for await (const { key } of storage.list(prefix))
      throw new AppError('unavailable', `The storage still holds ${key}.`);
  };
}
