import type { Recorder } from '#recorder/recorder.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import type { Session } from '#server/interviews/session.ts';
import { sessionPrefix } from './publish-pick.ts';

export interface EraserOptions {
  storage: Pick<Storage, 'deletePrefix'>;
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
    await storage.deletePrefix(sessionPrefix(session));
  };
}
