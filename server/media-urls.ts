import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { id, shortId } from '#protocol/common.ts';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from './clock.ts';

const MEDIA_PATH = '/media/';
const MAX_TOKEN_CHARS = 1000;
const MAC_BYTES = 32;

/** What a media address leads to: a saved answer in the storage, or a take's finished capture. */
export type MediaSource = { kind: 'stored'; key: string } | { kind: 'capture'; sessionId: string; takeId: string };

/** The payload's compact form: kind, its ids, the instant of expiry. */
const payloadSchema = z.union([
  z.tuple([z.literal('s'), z.string().min(1).max(512), z.number().int()]),
  z.tuple([z.literal('c'), id, shortId, z.number().int()]),
]);

export interface MediaUrls {
  /** A path on this origin that plays the source until {@link MediaUrls.expiresAt}. */
  sign(source: MediaSource): string;
  /**
   * The source that a token of a signed path stands for.
   * @throws AppError `forbidden` when the token is not ours or has expired
   */
  verify(token: string): MediaSource;
  /** Until when, in milliseconds since 1970 UTC, an address that is signed now is good. */
  expiresAt(): number;
}

/**
 * Makes and reads short-lived addresses of videos. Whoever holds one may play that one video until it expires;
 * nothing is looked up, so an address costs nothing to make and works on every server with the same secret.
 * @param options.secret at least 32 characters; the same on all servers
 * @param options.ttlMs how long an address is good
 */
export function createMediaUrls(options: { secret: string; ttlMs: number; clock: Clock }): MediaUrls {
  const { secret, ttlMs, clock } = options;
  // Bound to this purpose, so that no other use of the same secret yields a valid address.
  const key = createHmac('sha256', secret).update('goodtake media address v1').digest();
  const mac = (payload: string) => createHmac('sha256', key).update(payload).digest();
  const expiresAt = () => clock.now() + ttlMs;

  return {
    expiresAt,

    sign(source) {
      const parts =
        source.kind === 'stored' ? ['s', source.key, expiresAt()] : ['c', source.sessionId, source.takeId, expiresAt()];
      const payload = Buffer.from(JSON.stringify(parts)).toString('base64url');
      return `${MEDIA_PATH}${payload}.${mac(payload).toString('base64url')}`;
    },

    verify(token) {
      const refused = () => new AppError('forbidden', 'This video address is not valid.');
      if (token.length > MAX_TOKEN_CHARS) throw refused();
      const [payload, signature, ...rest] = token.split('.');
      if (!payload || !signature || rest.length > 0) throw refused();
      const given = Buffer.from(signature, 'base64url');
      if (given.length !== MAC_BYTES || !timingSafeEqual(given, mac(payload))) throw refused();
      const parts = payloadSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      const until = parts[0] === 's' ? parts[2] : parts[3];
      if (clock.now() >= until) throw new AppError('forbidden', 'This video address has expired. Load the page again.');
      return parts[0] === 's'
        ? { kind: 'stored', key: parts[1] }
        : { kind: 'capture', sessionId: parts[1], takeId: parts[2] };
    },
  };
}
