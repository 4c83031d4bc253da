import type { Attachment } from 'svelte/attachments';

/** Moves the focus to a heading when it appears, so that the keyboard and the screen reader are where the page is. */
export const focusOnArrival: Attachment<HTMLElement> = (heading) => {
  heading.focus({ preventScroll: true });
  window.scrollTo({ top: 0 });
};
