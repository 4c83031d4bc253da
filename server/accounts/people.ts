import type { MeView, ProfileInput } from '#protocol/account.ts';
import { AppError } from '#protocol/errors.ts';
import type { Clock } from '#server/clock.ts';
import type { Account, Accounts } from '#server/store/accounts.ts';
import type { Membership, Organisations } from '#server/store/organisations.ts';

/** What a valid access token says, whichever issuer made it. */
export interface Identity {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  /** Milliseconds since 1970 UTC. */
  expiresAt: number;
}

/** An account whose owner has said their name. */
export type Person = Account & { name: string };

export interface Recruiter {
  person: Person;
  organisation: Membership;
}

export type People = ReturnType<typeof createPeople>;

/** Who is who: from a verified token to an account, a person, a recruiter. */
export function createPeople(options: { accounts: Accounts; organisations: Organisations; clock: Clock }) {
  const { accounts, organisations, clock } = options;

  async function account(identity: Identity): Promise<Account> {
    const { issuer, subject, email, emailVerified } = identity;
    if (email === null || !emailVerified) {
      throw new AppError('email_unverified', 'Please confirm your e-mail address with the sign-in service first.');
    }
    return accounts.signIn({ issuer, subject, email }, clock.now());
  }

  async function person(identity: Identity): Promise<Person> {
    const found = await account(identity);
    if (found.name === null) throw new AppError('profile_needed', 'Please tell us your name first.');
    return { ...found, name: found.name };
  }

  async function me(of: Account): Promise<MeView> {
    const organisation = await organisations.ofAccount(of.id);
    return { id: of.id, email: of.email, name: of.name, phone: of.phone, organisation };
  }

  return {
    /**
     * The account of whoever is signed in, made at the first visit.
     * @throws AppError `email_unverified`
     */
    account,

    /**
     * The account, if its owner has said their name.
     * @throws AppError `email_unverified`, `profile_needed`
     */
    person,

    /**
     * The account with the organisation it belongs to.
     * @throws AppError `email_unverified`, `profile_needed`, `not_recruiter`
     */
    async recruiter(identity: Identity): Promise<Recruiter> {
      const found = await person(identity);
      const organisation = await organisations.ofAccount(found.id);
      if (!organisation) throw new AppError('not_recruiter', 'This page is for recruiters.');
      return { person: found, organisation };
    },

    /** What people see of themselves. */
    me,

    /** Sets name and phone; a phone that is left out is removed. */
    async setProfile(of: Account, profile: ProfileInput): Promise<MeView> {
      const changed = await accounts.setProfile(of.id, { name: profile.name, phone: profile.phone ?? null });
      if (!changed) throw new AppError('not_found', 'This account does not exist any more.');
      return me(changed);
    },

    /**
     * Makes an organisation that the person is admin of.
     * @throws AppError `wrong_state` when the person belongs to one already
     */
    async createOrganisation(founder: Person, name: string): Promise<MeView> {
      const made = await organisations.create(name, founder.id, clock.now());
      if (!made) throw new AppError('wrong_state', 'You belong to an organisation already.');
      return { id: founder.id, email: founder.email, name: founder.name, phone: founder.phone, organisation: made };
    },
  };
}
