import type { IncomingMessage } from 'node:http';
import { INVITATION_COOKIE } from '#protocol/account.ts';

const COOKIE = new RegExp(`(?:^|;\\s*)${INVITATION_COOKIE}=([A-Za-z0-9_-]{16,32})(?:;|$)`);

/** The path of the invitation that the browser came from to sign in; null when it came from elsewhere. */
export function invitationOf(request: Pick<IncomingMessage, 'headers'>): string | null {
  const [, slug] = COOKIE.exec(request.headers.cookie ?? '') ?? [];
  return slug === undefined ? null : `/i/${slug}`;
}
