import type { PublishView } from '#protocol/session.ts';

/**
 * Whether nothing happens any more until the server is started again, although not everything is stored: waiting on the
 * page would be in vain.
 */
export function isGivenUp(publishing: readonly Pick<PublishView, 'state'>[]): boolean {
  const settled = publishing.every(({ state }) => state === 'safe' || state === 'failed');
  return settled && publishing.some(({ state }) => state === 'failed');
}
