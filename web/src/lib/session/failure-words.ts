import type { ErrorCode } from '#protocol/errors.ts';
import { errorText, type ApiError } from '../api-error.ts';

/** What a failed request means to a candidate, and the one thing that helps. */
export interface FailureWords {
  text: string;
  /** `camera`: turn the camera on again. `reload`: load the page again. `none`: nothing needs to be done. */
  wayOut: 'none' | 'camera' | 'reload';
}

const WORDS: Partial<Record<ErrorCode | 'offline', FailureWords>> = {
  offline: {
    text: 'The server cannot be reached at the moment. The page tries again by itself; then press the button once more.',
    wayOut: 'none',
  },
  deadline_passed: { text: 'The time was already up.', wayOut: 'none' },
  no_takes_left: { text: 'All takes of this question are used. Choose the one that you like best.', wayOut: 'none' },
  take_in_progress: { text: 'A take is still being recorded. Stop it first.', wayOut: 'none' },
  take_not_playable: { text: 'This take cannot be used: it was not recorded completely.', wayOut: 'none' },
  media_missing: { text: 'The server does not receive your camera and microphone yet.', wayOut: 'camera' },
  not_joined: {
    text: 'The connection was interrupted. The page connects again by itself; then press the button once more.',
    wayOut: 'none',
  },
  media_unsupported: {
    text: 'This browser cannot send video in a way that the server understands. Open the link in a current Chrome, Safari, Firefox or Edge.',
    wayOut: 'none',
  },
  recorder_failed: { text: 'The recording could not be started. This costs you no take: try again.', wayOut: 'none' },
  busy: { text: 'The server is busy with other interviews. Wait a few seconds and try again.', wayOut: 'none' },
  disk_full: {
    text: 'The server has no room left for recordings. Please tell the people who invited you.',
    wayOut: 'none',
  },
  shutting_down: {
    text: 'The server is being restarted. Try again in half a minute; your place is kept.',
    wayOut: 'none',
  },
  wrong_state: { text: 'That is not possible any more. Load this page again to see where you are.', wayOut: 'reload' },
  version_conflict: { text: 'Something changed at the same moment. Please try again.', wayOut: 'none' },
  rate_limited: { text: 'That was very quick. Wait a moment and try again.', wayOut: 'none' },
};

/** A server's refusal in plain words, by its code. */
export function failureWords(error: ApiError): FailureWords {
  return WORDS[error.code] ?? { text: errorText(error), wayOut: error.code === 'internal' ? 'reload' : 'none' };
}
