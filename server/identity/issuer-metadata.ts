import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';

export const FETCH_TIMEOUT_MS = 5_000;
/** Found once, the addresses are trusted this long. */
const METADATA_MAX_AGE_MS = 24 * 3_600_000;
/** After a failure the issuer is left alone this long. */
const METADATA_COOLDOWN_MS = 5_000;
/** An unknown key id makes the keys be read again, at most this often (a forged one must not flood the issuer). */
const KEYS_COOLDOWN_MS = 30_000;
const KEYS_MAX_AGE_MS = 10 * 60_000;

const metadataDocument = z.object({ issuer: z.string(), jwks_uri: z.url(), userinfo_endpoint: z.url().optional() });

interface Found {
  resolveKey: JWTVerifyGetKey;
  userinfoEndpoint: string | null;
}

/** Where an issuer keeps its keys and its userinfo, by OpenID Connect discovery; read when first needed. */
export function createIssuerMetadata(options: { issuer: string; clock: Clock }) {
  const { issuer, clock } = options;
  let current: { found: Promise<Found>; until: number } | null = null;

  async function discover(): Promise<Found> {
    const document = metadataDocument.parse(await fetchJson(new URL('.well-known/openid-configuration', issuer)));
    if (document.issuer !== issuer) throw new Error('the discovery document names another issuer');
    const resolveKey = createRemoteJWKSet(new URL(document.jwks_uri), {
      timeoutDuration: FETCH_TIMEOUT_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
    });
    return { resolveKey, userinfoEndpoint: document.userinfo_endpoint ?? null };
  }

  function find(): Promise<Found> {
    const now = clock.now();
    if (current && now < current.until) return current.found;
    const attempt = { found: discover(), until: now + METADATA_MAX_AGE_MS };
    attempt.found = attempt.found.catch((cause: unknown) => {
      attempt.until = clock.now() + METADATA_COOLDOWN_MS;
      throw new AppError('unavailable', 'The sign-in service cannot be reached.', { cause });
    });
    current = attempt;
    return attempt.found;
  }

  const resolveKey: JWTVerifyGetKey = async (header, token) => {
    const found = await find();
    try {
      return await found.resolveKey(header, token);
    } catch (cause) {
      // An unknown or ambiguous key is the token's fault; everything else here is the issuer's.
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      if (cause instanceof errors.JOSENotSupported) throw cause;
      throw new AppError('unavailable', 'The keys of the sign-in service cannot be read.', { cause });
    }
  };

  return {
    /** The key that a token names. Throws AppError `unavailable` when the issuer cannot be reached. */
    resolveKey,
    /** Null when the issuer has none. Throws AppError `unavailable` when the issuer cannot be reached. */
    userinfoEndpoint: async () => (await find()).userinfoEndpoint,
  };
}

async function fetchJson(url: URL): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${url.origin} answered ${response.status}`);
  return response.json();
}
