import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONSENT_VERSION } from '#protocol/consent.ts';
import type { ErrorBody, ErrorCode } from '#protocol/errors.ts';
import { routes, type Access, type Route, type RouteName } from '#protocol/routes.ts';
import { toObjectId } from '#server/store/connect.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';
import { interviewInput, startApp, type TestApp } from './http-app.ts';

/** These change who one is, so they are called when all else has been. */
const CHANGING: readonly RouteName[] = ['createOrganisation', 'putMe'];
const NAMES = [...(Object.keys(routes) as RouteName[]).filter((name) => !CHANGING.includes(name)), ...CHANGING];

/** The things of others that the walk reaches for. */
interface Things {
  interviewId: string;
  slug: string;
  sessionId: string;
}

/** A request of each route that nothing is wrong with but who makes it. */
const REQUESTS: Record<RouteName, (things: Things) => { path: string; body?: unknown }> = {
  config: () => ({ path: '/api/config' }),
  getMe: () => ({ path: '/api/me' }),
  putMe: () => ({ path: '/api/me', body: { name: 'Mallory' } }),
  createOrganisation: () => ({ path: '/api/organisations', body: { name: 'Mallory Ltd' } }),
  listInterviews: () => ({ path: '/api/interviews' }),
  createInterview: () => ({ path: '/api/interviews', body: interviewInput() }),
  getInterview: ({ interviewId }) => ({ path: `/api/interviews/${interviewId}` }),
  putInterview: ({ interviewId }) => ({
    path: `/api/interviews/${interviewId}`,
    body: interviewInput({ version: 2, title: 'Taken over' }),
  }),
  deleteInterview: ({ interviewId }) => ({ path: `/api/interviews/${interviewId}` }),
  publishInterview: ({ interviewId }) => ({ path: `/api/interviews/${interviewId}/publish` }),
  listSessions: ({ interviewId }) => ({ path: `/api/interviews/${interviewId}/sessions` }),
  getSession: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}` }),
  deleteAnswers: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}/answers` }),
  gate: ({ slug }) => ({ path: `/api/i/${slug}` }),
  consent: ({ slug }) => ({ path: `/api/i/${slug}/consent`, body: { version: CONSENT_VERSION, language: 'en' } }),
  listMySessions: () => ({ path: '/api/my/sessions' }),
  getMySession: ({ sessionId }) => ({ path: `/api/my/sessions/${sessionId}` }),
  withdraw: ({ sessionId }) => ({ path: `/api/my/sessions/${sessionId}/withdraw` }),
};

/** What each route answers to somebody of the wrong kind: an error code, or that it is open to them. */
type Expected = ErrorCode | 'open';
const byAccess = (expected: Record<Access, Expected>) => (name: RouteName) => expected[routes[name].access];

/** Routes that reach for somebody's own thing: to everybody else it does not exist. */
const OWNED: ReadonlySet<RouteName> = new Set([
  ...(['getInterview', 'putInterview', 'deleteInterview', 'publishInterview', 'listSessions'] as const),
  ...(['getSession', 'deleteAnswers', 'getMySession', 'withdraw'] as const),
]);
const OF_INVITED: ReadonlySet<RouteName> = new Set(['consent']);

let app: TestApp;
let things: Things;
let owner: string;
const tokens = new Map<string, string>();

beforeAll(async () => {
  app = await startApp();
  owner = (await app.recruiter('owner')).token;
  const invited = await app.person('invited');
  const access = { kind: 'addresses' as const, addresses: ['invited@example.org'] };
  const interview = await app.publish(owner, { access });
  const body = { version: CONSENT_VERSION, language: 'en' };
  const entered = await app.call<{ sessionId: string }>('POST', `/api/i/${interview.slug}/consent`, {
    token: invited.token,
    body,
  });
  things = { interviewId: interview.id, slug: interview.slug, sessionId: entered.body.sessionId };
  tokens.set('forger', await app.sign('owner', { forged: true }));
  tokens.set('latecomer', await app.sign('owner', { expired: true }));
  tokens.set('unverified', await app.sign('invited', { verified: false }));
  tokens.set('newcomer', await app.sign('newcomer'));
  tokens.set('candidate', (await app.person('stranger')).token);
  tokens.set('recruiter', (await app.recruiter('rival')).token);
  tokens.set('invited', invited.token);
}, STORE_START_TIMEOUT_MS);
afterAll(() => app.close(), STORE_START_TIMEOUT_MS);

const anonymous = byAccess({
  public: 'open',
  token: 'unauthenticated',
  person: 'unauthenticated',
  recruiter: 'unauthenticated',
});

/** Everybody who should not get far, and how far they get. */
const WALKS: { who: string; expected: (name: RouteName) => Expected }[] = [
  { who: 'nobody', expected: anonymous },
  { who: 'forger', expected: anonymous },
  {
    who: 'latecomer',
    expected: byAccess({ public: 'open', token: 'token_expired', person: 'token_expired', recruiter: 'token_expired' }),
  },
  {
    who: 'unverified',
    expected: byAccess({
      public: 'open',
      token: 'email_unverified',
      person: 'email_unverified',
      recruiter: 'email_unverified',
    }),
  },
  { who: 'candidate', expected: (name) => (routes[name].access === 'recruiter' ? 'not_recruiter' : stranger(name)) },
  { who: 'recruiter', expected: (name) => (name === 'createOrganisation' ? 'wrong_state' : stranger(name)) },
  {
    who: 'newcomer',
    expected: byAccess({ public: 'open', token: 'open', person: 'profile_needed', recruiter: 'profile_needed' }),
  },
];

/** How a route answers to a person who may call it, but whose thing it is not. */
function stranger(name: RouteName): Expected {
  if (OWNED.has(name)) return 'not_found';
  return OF_INVITED.has(name) ? 'not_allowed' : 'open';
}

describe.each(WALKS)('as $who', ({ who, expected }) => {
  test.each(NAMES)('%s', async (name) => {
    const { method }: Route = routes[name];
    const { path, body } = REQUESTS[name](things);
    const reply = await app.call<Partial<ErrorBody>>(method, path, { token: tokens.get(who), body });
    const outcome = reply.status < 300 ? 'open' : reply.body.code;
    expect(outcome).toBe(expected(name));
    // Whatever is open to a stranger says nothing of the things of others.
    if (outcome === 'open')
      for (const id of [things.interviewId, things.sessionId]) expect(reply.text).not.toContain(id);
  });
});

test('after all of them the interview and the session are as they were', async () => {
  const interview = await app.call('GET', `/api/interviews/${things.interviewId}`, { token: owner });
  expect(interview.body).toMatchObject({ version: 2, title: 'Engineer', counts: { sessions: 1 } });
  const mine = await app.call('GET', `/api/my/sessions/${things.sessionId}`, { token: tokens.get('invited') });
  expect(mine.body).toMatchObject({ state: 'consented' });
  const theirs = await app.call('GET', `/api/sessions/${things.sessionId}`, { token: owner });
  expect(theirs.body).toMatchObject({ state: 'consented', answersDeletedAt: null });
});

test('a reviewer reads and changes nothing', async () => {
  const reviewer = await app.person('reviewer');
  const { me } = await app.recruiter('chief');
  await app.store.store.connection
    .collection('organisations')
    .updateOne(
      { _id: toObjectId(me.organisation?.id ?? '') },
      { $push: { members: { accountId: toObjectId(reviewer.me.id), role: 'reviewer' } } as never },
    );
  for (const name of NAMES.filter((name) => routes[name].access === 'recruiter')) {
    const { method }: Route = routes[name];
    const { path, body } = REQUESTS[name](things);
    const reply = await app.call<Partial<ErrorBody>>(method, path, { token: reviewer.token, body });
    if (method !== 'GET') expect(reply.body.code, name).toBe('forbidden');
    else expect(reply.body.code, name).toBe(OWNED.has(name) ? 'not_found' : undefined);
  }
});
