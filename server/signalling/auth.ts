import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import type { Handlers } from './handler.ts';
import type { Authenticate, Identity, SessionService } from './ports.ts';
import { catchUp } from './tell.ts';

/** As long as `auth:renew` allows. */
const MAX_TOKEN_CHARACTERS = 8_192;

/**
 * Whose token it is, and that it is valid now.
 * @param token whatever the client sent
 * @throws AppError `unauthenticated`, `token_expired`, and what `authenticate` throws
 */
export async function identify(
  token: unknown,
  { authenticate, clock }: { authenticate: Authenticate; clock: Clock },
): Promise<Identity> {
  if (typeof token !== 'string' || token === '' || token.length > MAX_TOKEN_CHARACTERS) {
    throw new AppError('unauthenticated', 'Please sign in.');
  }
  const identity = await authenticate(token);
  checkNotExpired(identity, clock);
  return identity;
}

/** @throws AppError `token_expired` */
export function checkNotExpired(identity: Identity, clock: Clock): void {
  if (clock.now() >= identity.expiresAt) throw new AppError('token_expired', 'The access token has expired.');
}

/** Renewing the token of a connection, by its own account only. */
export function createAuthHandlers(options: {
  authenticate: Authenticate;
  sessions: Pick<SessionService, 'view'>;
  clock: Clock;
}): Handlers<'auth:renew'> {
  const { sessions } = options;
  return {
    async 'auth:renew'(peer, { token }) {
      const identity = await identify(token, options);
      if (identity.accountId !== peer.identity.accountId) {
        throw new AppError('forbidden', 'This connection belongs to another account.');
      }
      peer.identity = identity;
      await catchUp(peer, (sessionId, accountId) => sessions.view(sessionId, accountId));
      return {};
    },
  };
}
