import type { PublicConfig } from '#protocol/account.ts';
import type { People } from '#server/accounts/people.ts';
import type { Handlers } from '../calls.ts';

type PeopleHandlers = Pick<Handlers, 'config' | 'getMe' | 'putMe' | 'createOrganisation'>;

/** The web application's settings, the signed-in person, and the step from candidate to recruiter. */
export function createPeopleHandlers(options: { people: People; publicConfig: PublicConfig }): PeopleHandlers {
  const { people, publicConfig } = options;
  return {
    config: () => publicConfig,
    getMe: ({ caller }) => people.me(caller),
    putMe: ({ caller, body }) => people.setProfile(caller, body),
    createOrganisation: ({ caller, body }) => people.createOrganisation(caller, body.name),
  };
}
