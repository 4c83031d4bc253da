import type { SessionView, TakeView } from '#protocol/session.ts';
import type { DeviceTrouble } from '#lib/media/capture.svelte.ts';
import { formatClock } from '#lib/format.ts';

/**
 * Values as one text: "30 s", or "20 s to 60 s" where they differ.
 * @param format how one value is written
 */
export function rangeText(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return format(0);
  const least = Math.min(...values);
  const most = Math.max(...values);
  return least === most ? format(least) : `${format(least)} to ${format(most)}`;
}

/** Why a take ended that the candidate did not end, in plain words; null where there is nothing to explain. */
export function takeEndText(take: Pick<TakeView, 'state' | 'stopReason' | 'free'>): string | null {
  const cost = take.free ? ' It does not count as one of your takes.' : '';
  switch (take.stopReason) {
    case 'media_lost':
      return `This take was cut short because the connection to your camera was lost.${cost}`;
    case 'recorder_failed':
      return `This take was cut short by a fault of the recorder, not by you.${cost}`;
    case 'server_stopped':
      return `This take was cut short because the server was restarted.${cost}`;
    case 'deadline':
      return "The interview's time was up during this take.";
    case 'limit':
      return take.state === 'failed' ? `This take could not be saved.${cost}` : null;
    default:
      if (take.state === 'failed') return `This take could not be recorded.${cost}`;
      return take.state === 'interrupted' ? `This take was cut short.${cost}` : null;
  }
}

/** From then on the page says that the interview is about to end, and what that does. */
export const LAST_MINUTE_MS = 60_000;

export const CLOCK_TEXT =
  'Your time was up: your answers were submitted as they were, and where you had chosen no take, the last one was.';

/** Whether the interview's end submitted the answers, and not their candidate. */
export function submittedByClock({
  deadlineAt,
  submittedAt,
}: Pick<SessionView, 'deadlineAt' | 'submittedAt'>): boolean {
  return deadlineAt !== null && submittedAt !== null && submittedAt >= deadlineAt;
}

/** Seconds left as a person counts them: 3, 2, 1 and then 0 only at the end. */
export function secondsLeft(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}

/** Time left as a clock shows it, "1:05"; reaches 0:00 only at the end. */
export function clockLeft(ms: number): string {
  return formatClock(secondsLeft(ms) * 1000);
}

/** What a camera or microphone that has stopped means now, and what can be done. */
export function troubleText({ device, reason }: DeviceTrouble, recording: boolean): string {
  const why = reason === 'muted' ? ' A phone call or another app may be using it.' : '';
  if (!recording) return `Your ${device} has stopped.${why}`;
  return `Your ${device} has stopped sending.${why} Turn it on again and go on, or stop and look at this take first.`;
}

/** What has become of a rehearsal that is not kept; "deleted" only when it is proved to be gone. */
export function rehearsalDeletedText(erasing: boolean): string {
  return erasing ? 'Your rehearsal is being deleted.' : 'Your rehearsal was deleted.';
}
