import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type ProtectedHeaderParameters } from 'jose';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import { createIssuerMetadata } from './issuer-metadata.ts';
import { SIGNING_ALGORITHM } from './keys.ts';
import { createUserinfo, type KnownEmail, type Userinfo } from './userinfo.ts';

/** What a valid access token says of its owner. */
export interface Identity {
  issuer: string;
  /** Whom the issuer means; the same person for ever. */
  subject: string;
  /** Lower case; null when the issuer names none. */
  email: string | null;
  /** Without this the address says nothing: anybody may have typed it. */
  emailVerified: boolean;
  /** Milliseconds since 1970 UTC. */
  expiresAt: number;
}

export interface TokenVerifier {
  /**
   * @throws AppError `token_expired`, `unauthenticated` for any other fault of the token, `unavailable` when the
   *   issuer has to be asked and cannot be reached
   */
  verify(token: string): Promise<Identity>;
}

/** `at+jwt` by RFC 9068; Auth0 says `JWT` unless an API was set up for the RFC 9068 profile. */
const TOKEN_TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt']);
const MAX_TOKEN_CHARACTERS = 8_192;
const NO_EMAIL: KnownEmail = { email: null, emailVerified: false };

/**
 * Verifies access tokens of one issuer, Auth0 or the embedded one.
 * @param options.issuer as its tokens and its discovery document name it, with the slash at the end
 * @param options.audience our API
 * @param options.emailClaim the claim that holds the e-mail address, `email` by default; whether it is verified is
 *   read from the claim of the same name with `_verified` at the end. Without both the issuer's userinfo is asked.
 * @param options.keyResolver the issuer's keys, when they are at hand; else they are found by OpenID Connect discovery
 */
export function createTokenVerifier(options: {
  issuer: string;
  audience: string;
  emailClaim?: string | null;
  clock: Clock;
  keyResolver?: JWTVerifyGetKey;
}): TokenVerifier {
  const { issuer, audience, clock, keyResolver } = options;
  const emailClaim = options.emailClaim ?? 'email';
  const metadata = createIssuerMetadata({ issuer, clock });
  const resolveKey = keyResolver ?? metadata.resolveKey;
  const userinfo: Userinfo = createUserinfo({ endpoint: metadata.userinfoEndpoint, clock });

  async function parse(token: string): Promise<JWTPayload> {
    if (token.length > MAX_TOKEN_CHARACTERS) throw new AppError('unauthenticated', 'The access token is too long.');
    try {
      const { payload, protectedHeader } = await jwtVerify(token, resolveKey, {
        algorithms: [SIGNING_ALGORITHM],
        issuer,
        audience,
        currentDate: new Date(clock.now()),
        requiredClaims: ['sub', 'exp'],
      });
      checkType(protectedHeader, payload);
      return payload;
    } catch (cause) {
      throw refusal(cause);
    }
  }

  return {
    async verify(token) {
      const claims = await parse(token);
      const { sub, exp } = claims;
      if (sub === undefined || sub === '' || exp === undefined) {
        throw new AppError('unauthenticated', 'The access token names nobody.');
      }
      const expiresAt = exp * 1000;
      // The issuer that gives its keys in process puts the address into every token.
      const known = emailOf(claims, emailClaim) ?? (keyResolver ? NO_EMAIL : null);
      const { email, emailVerified } = known ?? (await userinfo.read({ token, subject: sub, expiresAt }));
      return { issuer, subject: sub, email, emailVerified, expiresAt };
    },
  };
}

function emailOf(claims: JWTPayload, claim: string): KnownEmail | null {
  const [email, verified] = [claims[claim], claims[`${claim}_verified`]];
  if (typeof email !== 'string' || email === '' || typeof verified !== 'boolean') return null;
  return { email: email.toLowerCase(), emailVerified: verified };
}

function checkType(header: ProtectedHeaderParameters, payload: JWTPayload): void {
  if (!TOKEN_TYPES.has(String(header.typ).toLowerCase())) {
    throw new AppError('unauthenticated', 'This is not an access token.');
  }
  // Bound to a key (RFC 9449, RFC 8705) that we would have to see proof of.
  if (payload['cnf'] !== undefined) throw new AppError('unauthenticated', 'Bound access tokens are not taken here.');
}

function refusal(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  if (cause instanceof errors.JWTExpired)
    return new AppError('token_expired', 'The access token has expired.', { cause });
  return new AppError('unauthenticated', 'The access token is not valid here.', { cause });
}
