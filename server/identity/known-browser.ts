import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const COOKIE = 'issuer_known';
const COOKIE_VALUE = /(?:^|;\s*)issuer_known=([\w-]{1,64})\.([\w-]{1,64})(?:;|$)/;
const ID_BYTES = 16;
const MAX_AGE_S = 180 * 86_400;

/** Recognises the browsers in which somebody has signed in with an address before. */
export interface KnownBrowser {
  /** The browser's own name when it has proved this address before, else null. */
  read(request: IncomingMessage, email: string): string | null;
  /** The `Set-Cookie` line for a browser that has just proved it. */
  cookieFor(email: string): string;
}

/**
 * A browser that has once signed in with an address keeps a cookie that says so: a random name and a keyed hash of both.
 * Requests with it have limits of their own, so that nobody else can use up what the address' owner may do (OWASP's
 * "device cookies"). It proves nothing else, and signs nobody in.
 */
export function createKnownBrowser(options: { key: Buffer; publicUrl: string; mountPath: string }): KnownBrowser {
  const { key, publicUrl, mountPath } = options;
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const mac = (id: string, email: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify(['known browser', id, email]))
      .digest();

  return {
    read(request, email) {
      const [, id, proof] = COOKIE_VALUE.exec(request.headers.cookie ?? '') ?? [];
      if (id === undefined || proof === undefined) return null;
      const [given, wanted] = [Buffer.from(proof, 'base64url'), mac(id, email)];
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? id : null;
    },

    cookieFor(email) {
      const id = randomBytes(ID_BYTES).toString('base64url');
      const value = `${id}.${mac(id, email).toString('base64url')}`;
      return `${COOKIE}=${value}; Path=${mountPath}; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Lax${secure}`;
    },
  };
}
