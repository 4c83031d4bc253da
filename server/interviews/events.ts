import type { StopReason } from '#protocol/session.ts';
import type { Plan, StoredAnswer } from './session.ts';

/** What can happen to a session: the candidate's commands, the recorder's reports, and time. */
export type SessionEvent =
  | { type: 'check_pass' }
  | { type: 'rehearsal_arm'; takeId: string }
  | { type: 'rehearsal_stop'; takeId: string }
  | { type: 'rehearsal_delete' }
  | { type: 'start'; plan: Plan }
  | { type: 'open'; questionId: string }
  | { type: 'ready'; questionId: string }
  | { type: 'skip'; questionId: string }
  | { type: 'arm'; questionId: string; takeId: string }
  | { type: 'stop'; takeId: string }
  | { type: 'pick'; questionId: string; takeId: string }
  | { type: 'submit' }
  | { type: 'withdraw' }
  | { type: 'delete_answers' }
  /** The recorder has a decodable key frame on disk. */
  | { type: 'go'; takeId: string }
  /** The system ends a take: media or recorder lost, server stopping. */
  | { type: 'cut'; takeId: string; reason: Extract<StopReason, 'media_lost' | 'recorder_failed' | 'server_stopped'> }
  /** The capture is finished and proved playable. */
  | { type: 'captured'; takeId: string; durationMs: number }
  /** There is nothing playable. */
  | { type: 'capture_failed'; takeId: string; reason: StopReason }
  | { type: 'published'; takeId: string; stored: StoredAnswer }
  /** Saving a pick has been given up for now; its capture is kept. */
  | { type: 'publish_failed'; takeId: string }
  /** Every other take is deleted, verified, and every pick is safe. */
  | { type: 'stored' }
  /** Its interview is closed and it was never started. */
  | { type: 'expire' }
  /** Nothing is left of the files of these takes: it has been looked. */
  | { type: 'erased'; takeIds: string[] }
  /** What lies too long, or could not be erased, is to be erased. */
  | { type: 'sweep' }
  /** The server is back after it was away since `awaySince`; nothing else has happened meanwhile. */
  | { type: 'server_back'; awaySince: number }
  /** Time has passed; `takeId` names the take that may start by itself, null when none may. */
  | { type: 'tick'; takeId: string | null };

/** What the shell has to do after a change has been written. */
export type Effect =
  | { type: 'arm'; takeId: string; countdownEndsAt: number }
  | { type: 'stop'; takeId: string }
  | { type: 'abort'; takeId: string }
  /** Publish the picks and delete the rest. */
  | { type: 'publish' }
  /** Delete the files of the takes in `erasing`, or every video of a session that is to be erased whole. */
  | { type: 'erase' };
