import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import { FETCH_TIMEOUT_MS } from './issuer-metadata.ts';

const MAX_REMEMBERED = 5_000;
/** Somebody may be confirming the address right now. */
const UNVERIFIED_MAX_AGE_MS = 30_000;
/** A refusal or an outage is asked about again after this, not with every request. */
const FAILED_MAX_AGE_MS = 2_000;

const userinfoDocument = z.object({
  sub: z.string(),
  email: z.string().toLowerCase().optional(),
  // Some issuers send the boolean as a string.
  email_verified: z.union([z.boolean(), z.stringbool()]).optional(),
});

export interface KnownEmail {
  email: string | null;
  emailVerified: boolean;
}

export interface Userinfo {
  /**
   * The address of a token's owner, asked once for each token.
   * @throws AppError `unauthenticated` when the issuer refuses the token, `unavailable` when it cannot be reached
   */
  read(request: { token: string; subject: string; expiresAt: number }): Promise<KnownEmail>;
}

/** Reads addresses from an issuer's userinfo endpoint: Auth0's access tokens hold none. */
export function createUserinfo(options: { endpoint: () => Promise<string | null>; clock: Clock }): Userinfo {
  const { endpoint, clock } = options;
  /** By the token's hash, so that no token outlives its request; oldest first. */
  const remembered = new Map<string, { answer: Promise<KnownEmail>; until: number }>();

  async function ask(token: string, subject: string): Promise<KnownEmail> {
    const url = await endpoint();
    if (url === null) return { email: null, emailVerified: false };
    let response: Response;
    let document: z.infer<typeof userinfoDocument>;
    try {
      response = await fetch(url, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      });
      if (response.status === 401 || response.status === 403) {
        throw new AppError('unauthenticated', 'The sign-in service does not know this access token.');
      }
      if (!response.ok) throw new Error(`userinfo answered ${response.status}`);
      document = userinfoDocument.parse(await response.json());
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('unavailable', 'The sign-in service cannot be reached.', { cause });
    }
    // OpenID Connect Core 5.3.2: another subject's answer must not be used.
    if (document.sub !== subject) throw new AppError('unauthenticated', 'The access token names somebody else.');
    return { email: document.email ?? null, emailVerified: document.email_verified === true };
  }

  function forgetOld(now: number): void {
    for (const [key, entry] of remembered) {
      if (remembered.size < MAX_REMEMBERED && now < entry.until) return;
      remembered.delete(key);
    }
  }

  return {
    read({ token, subject, expiresAt }) {
      const key = createHash('sha256').update(token).digest('base64');
      const now = clock.now();
      const known = remembered.get(key);
      if (known && now < known.until) return known.answer;
      remembered.delete(key);
      forgetOld(now);
      const entry = { answer: ask(token, subject), until: expiresAt };
      entry.answer = entry.answer.then(
        (found) => {
          if (!found.emailVerified) entry.until = Math.min(expiresAt, clock.now() + UNVERIFIED_MAX_AGE_MS);
          return found;
        },
        (error: unknown) => {
          entry.until = clock.now() + FAILED_MAX_AGE_MS;
          throw error;
        },
      );
      remembered.set(key, entry);
      return entry.answer;
    },
  };
}
