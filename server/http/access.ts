import type { FastifyRequest } from 'fastify';
import { AppError } from '#protocol/errors.ts';
import type { Access } from '#protocol/routes.ts';
import type { Identity, People, Person, Recruiter } from '#server/accounts/people.ts';
import type { Account } from '#server/store/accounts.ts';

/** Who calls, as far as a route of each access level needs to know. */
export interface CallerOf {
  public: null;
  token: Account;
  person: Person;
  recruiter: Recruiter;
}
export type Caller = CallerOf[Access];

/** The methods that change nothing: all that a reviewer may call. */
const READING = new Set(['GET', 'HEAD']);
const MAX_TOKEN_CHARS = 8192;

export interface AccessOptions {
  /** Throws AppError `unauthenticated` or `token_expired`. */
  verify: (token: string) => Promise<Identity>;
  people: Pick<People, 'account' | 'person' | 'recruiter'>;
}

/**
 * Lets a request pass or refuses it, before its body is read.
 * @param access the level of the route; a route that names none is refused
 * @throws AppError `unauthenticated`, `token_expired`, `email_unverified`, `profile_needed`, `not_recruiter`, `forbidden`
 */
export async function admit(
  request: FastifyRequest,
  access: Access | undefined,
  options: AccessOptions,
): Promise<Caller> {
  const { verify, people } = options;
  switch (access) {
    case 'public':
      return null;
    case 'token':
      return people.account(await verify(bearerToken(request)));
    case 'person':
      return people.person(await verify(bearerToken(request)));
    case 'recruiter': {
      const recruiter = await people.recruiter(await verify(bearerToken(request)));
      if (recruiter.organisation.role === 'reviewer' && !READING.has(request.method)) {
        throw new AppError('forbidden', 'Reviewers may look, but not change anything.');
      }
      return recruiter;
    }
    case undefined:
      throw new AppError('forbidden', 'This address is not open to anybody.');
  }
}

function bearerToken(request: FastifyRequest): string {
  const [scheme, token, ...rest] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0 || token.length > MAX_TOKEN_CHARS) {
    throw new AppError('unauthenticated', 'Please sign in.');
  }
  return token;
}
