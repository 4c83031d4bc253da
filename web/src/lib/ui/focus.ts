/**
 * Gives the keyboard a place to go on from when what had the focus is gone: `wanted` where it still is on the page,
 * otherwise the page's heading. Where the focus is on something, nothing happens.
 */
export function focusIfLost(wanted: HTMLElement | null = null): void {
  const { activeElement } = document;
  if (activeElement !== null && activeElement !== document.body) return;
  const heading = document.querySelector<HTMLElement>('main h1[tabindex], main');
  (wanted?.isConnected === true ? wanted : heading)?.focus({ preventScroll: true });
}
