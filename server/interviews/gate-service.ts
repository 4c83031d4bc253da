import { CONSENT_VERSION } from '#protocol/consent.ts';
import { AppError } from '#protocol/errors.ts';
import type { GateView } from '#protocol/session.ts';
import type { Clock } from '#server/clock.ts';
import type { Account } from '#server/store/accounts.ts';
import type { Interview, Interviews } from '#server/store/interviews.ts';
import type { Organisations } from '#server/store/organisations.ts';
import { decideGate, refusalOf, viewGate, type Visit, type VisitorSession } from './gate.ts';

/** Somebody signed in who has said their name. */
export type Visitor = Account & { name: string };

/** What a candidate has agreed to, and in which language they read it. */
export interface ConsentGiven {
  version: string;
  language: string;
}

/** A session to be made, by somebody who may have it. */
export interface NewSession {
  interview: Interview;
  organisation: string;
  person: Visitor;
  consent: ConsentGiven;
  /** 1 for the first session of this person in this interview. */
  attempt: number;
}

export interface GateOptions {
  interviews: Interviews;
  organisations: Organisations;
  /** The person's sessions of an interview, the oldest first. */
  sessionsOf: (interviewId: string, accountId: string) => Promise<VisitorSession[]>;
  /** Makes a session; null when the same attempt has been made at the same time. */
  beginSession: (session: NewSession) => Promise<{ id: string } | null>;
  clock: Clock;
}

export type Gate = ReturnType<typeof createGate>;

/** The way from an interview's link to a session. */
export function createGate(options: GateOptions) {
  const { interviews, organisations, sessionsOf, beginSession, clock } = options;

  async function visit(slug: string, person: Visitor): Promise<Visit> {
    const interview = await interviews.bySlug(slug, person.email);
    if (!interview) throw new AppError('not_found', 'There is no interview behind this link. Is it complete?');
    const [organisation, sessions] = await Promise.all([
      organisations.nameOf(interview.organisationId),
      sessionsOf(interview.id, person.id),
    ]);
    return { interview, organisation: organisation ?? '', email: person.email, sessions, now: clock.now() };
  }

  async function enter(slug: string, person: Visitor, consent: ConsentGiven): Promise<{ id: string } | null> {
    const found = await visit(slug, person);
    const decision = decideGate(found);
    if (decision.status === 'resume') return { id: decision.session.id };
    if (decision.status !== 'open') throw refusalOf(decision.status);
    if (consent.version !== CONSENT_VERSION) {
      throw new AppError('consent_outdated', 'The text has changed meanwhile. Please read it again.');
    }
    const { interview, organisation, sessions } = found;
    return beginSession({ interview, organisation, person, consent, attempt: sessions.length + 1 });
  }

  return {
    /**
     * What the visitor finds.
     * @throws AppError `not_found` when no interview has this link
     */
    async look(slug: string, person: Visitor): Promise<GateView> {
      return viewGate(await visit(slug, person));
    },

    /**
     * Notes the consent and makes the session, or answers the one under way.
     * @throws AppError `not_found`, `consent_outdated`, `not_allowed`, `not_open_yet`, `closed`, `attempts_used`
     */
    async consent(slug: string, person: Visitor, consent: ConsentGiven): Promise<{ sessionId: string }> {
      const made = await enter(slug, person, consent);
      // The same person has agreed in two windows at once: by now, the other's session is there to be found.
      const entered = made ?? (await enter(slug, person, consent));
      if (!entered) throw new AppError('busy', 'Please try again.');
      return { sessionId: entered.id };
    },
  };
}
