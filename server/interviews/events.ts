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
  /** Every other take is deleted, verified, and every pick is safe. */
  | { type: 'stored' }
  /** Time has passed; `takeId` names the take that may start by itself. */
  | { type: 'tick'; takeId: string };

/** What the shell has to do after a change has been written. */
export type Effect =
  | { type: 'arm'; takeId: string; countdownEndsAt: number }
  | { type: 'stop'; takeId: string }
  | { type: 'abort'; takeId: string }
  | { type: 'delete'; takeIds: string[] }
  /** Publish the picks and delete the rest. */
  | { type: 'publish' }
  /** Delete every video of the session, wherever it lies. */
  | { type: 'erase' };
