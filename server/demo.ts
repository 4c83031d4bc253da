import type { InterviewInput } from '#protocol/interview.ts';
import type { App } from './app.ts';
import { createIssuerRecords } from './store/issuer-records.ts';

/** Who owns the ready-made interview; the code for signing in comes to the development mailbox. */
export const DEMO_RECRUITER = 'recruiter@example.com';

const DEMO_INTERVIEW: InterviewInput = {
  version: 0,
  title: 'Tell us about you',
  introduction:
    'Thank you for your interest! Three short questions, at a time that suits you. There are no trick questions: we would like to hear you think.',
  contact: DEMO_RECRUITER,
  questions: [
    {
      text: 'Who are you, and what would you like to do next?',
      answerLimitMs: 30_000,
      thinkingTimeMs: 20_000,
      takesAllowed: 3,
    },
    {
      text: 'Tell us about something you made that you are proud of. What was the hardest part?',
      answerLimitMs: 60_000,
      thinkingTimeMs: 30_000,
      takesAllowed: 3,
    },
    {
      text: 'What does a good working day look like for you?',
      answerLimitMs: 40_000,
      thinkingTimeMs: 0,
      takesAllowed: 2,
    },
  ],
  totalTimeMs: 15 * 60_000,
  autoStart: false,
  opensAt: null,
  closesAt: null,
  timeZone: 'UTC',
  access: { kind: 'link' },
  attemptsAllowed: 10,
};

/**
 * Makes, at a first start with the embedded issuer, a recruiter with a published interview, so that a newcomer has
 * something to try.
 * @returns the candidate's link; null when there is no embedded issuer
 */
export async function seedDemo({ seeding }: App, now: number): Promise<string | null> {
  const { accounts, organisations, editor, issuer, connection } = seeding;
  if (issuer === null) return null;
  const subject = await createIssuerRecords(connection).subjectOf(DEMO_RECRUITER, now);
  const account = await accounts.signIn({ issuer, subject, email: DEMO_RECRUITER }, now);
  if (account.name === null) await accounts.setProfile(account.id, { name: 'Demo Recruiter', phone: null });
  const organisation =
    (await organisations.ofAccount(account.id)) ?? (await organisations.create('Demo Company', account.id, now));
  if (!organisation) return null;
  const { items } = await editor.list(organisation.id, { limit: 100 });
  const published = items.find((row) => row.state === 'published' && row.title === DEMO_INTERVIEW.title);
  if (published) return (await editor.get({ id: published.id, organisationId: organisation.id })).link;
  if (items.length > 0) return null;
  const draft = await editor.create(organisation.id, DEMO_INTERVIEW);
  return (await editor.publish({ id: draft.id, organisationId: organisation.id })).link;
}
