import type { SessionView } from '#protocol/session.ts';

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
