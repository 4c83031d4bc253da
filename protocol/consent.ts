/** Changed whenever the words below change; a session keeps the version that was agreed to. */
export const CONSENT_VERSION = '2026-11-21.2';

/**
 * The text a candidate agrees to before anything is recorded.
 * @param organisation who sees the answers
 */
export function consentParagraphs(organisation: string): string[] {
  return [
    `While you record an answer, your camera and microphone are streamed to the server and recorded there. Nothing is stored on your device.`,
    `You may record an answer more than once and you choose the take that counts. When you submit, only the takes you chose are kept; all others are deleted. If the interview's time ends before you submit, your answers are submitted as they are: where you chose no take, the last one that can be played is. Rehearsals are always deleted.`,
    `Your answers are seen by ${organisation} and by nobody else. You can watch them again under "My answers".`,
    `You may withdraw at any time until you submit; everything recorded is then deleted. Afterwards, ask ${organisation} to delete your answers.`,
  ];
}
