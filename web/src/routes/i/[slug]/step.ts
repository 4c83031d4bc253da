import type { SessionView } from '#protocol/session.ts';
import type { ConnectionStatus } from '#lib/session/connection.ts';

/** The pages of an interview, in their order. */
export type Step = 'check' | 'rehearsal' | 'start' | 'question' | 'summary' | 'saving' | 'done' | 'ended';

/**
 * Which page is shown. The server's view decides; of the address only its fragment counts, for the two pages that the
 * server knows nothing of, and only where the view allows them.
 * @param hash the address's fragment, with its `#`
 */
export function stepOf(view: Pick<SessionView, 'state'>, hash: string, recording: boolean): Step {
  switch (view.state) {
    case 'invited':
    case 'consented':
      return 'check';
    case 'checked':
      return hash === START_HASH && !recording ? 'start' : 'rehearsal';
    case 'running':
      return hash === SUMMARY_HASH && !recording ? 'summary' : 'question';
    case 'submitting':
      return 'saving';
    case 'stored':
      return 'done';
    case 'expired':
    case 'withdrawn':
      return 'ended';
  }
}

export const START_HASH = '#start';
export const SUMMARY_HASH = '#summary';

/** Whether the session goes on elsewhere, or nowhere until somebody signs in: this page only waits for the person. */
export function isAway(status: ConnectionStatus): boolean {
  return status === 'taken-over' || status === 'signed-out';
}

/** What a page means for camera and microphone. `as-is`: they stay on where they are on, for the pages around. */
export function cameraNeed(step: Step | null, status: ConnectionStatus): 'on' | 'off' | 'as-is' {
  if (isAway(status)) return 'off';
  switch (step) {
    case 'rehearsal':
    case 'start':
    case 'question':
      return 'on';
    case 'saving':
    case 'done':
    case 'ended':
      return 'off';
    case 'check':
    case 'summary':
    case null:
      return 'as-is';
  }
}
