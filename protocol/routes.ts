import * as z from 'zod';
import { meView, organisationInput, profileInput, publicConfig } from './account.ts';
import { empty, id, idParams, pageOf, pageQuery, slug } from './common.ts';
import { interviewInput, interviewRow, interviewView } from './interview.ts';
import { consentInput, gateView, mySessionDetail, mySessionRow, sessionDetail, sessionRow } from './session.ts';

/**
 * Who may call a route. `public`: anybody. `token`: a valid access token, even before the profile is complete.
 * `person`: a token and an account. `recruiter`: an account in an organisation.
 */
export type Access = 'public' | 'token' | 'person' | 'recruiter';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` parameters. */
  path: string;
  access: Access;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  reply: z.ZodType;
  /** One sentence for the API description. */
  summary: string;
}

const slugParams = z.strictObject({ slug });

/** Every JSON route of the HTTP API. The server, the web client, the API description and the authorisation test read this. */
export const routes = {
  config: {
    method: 'GET',
    path: '/api/config',
    access: 'public',
    reply: publicConfig,
    summary: 'What the web application needs before anybody has signed in.',
  },
  getMe: {
    method: 'GET',
    path: '/api/me',
    access: 'token',
    reply: meView,
    summary: 'The signed-in person; creates the account at the first visit.',
  },
  putMe: {
    method: 'PUT',
    path: '/api/me',
    access: 'token',
    body: profileInput,
    reply: meView,
    summary: 'Sets name and phone.',
  },
  createOrganisation: {
    method: 'POST',
    path: '/api/organisations',
    access: 'person',
    body: organisationInput,
    reply: meView,
    summary: 'Makes the caller a recruiter with an organisation of their own.',
  },
  listInterviews: {
    method: 'GET',
    path: '/api/interviews',
    access: 'recruiter',
    query: pageQuery,
    reply: pageOf(interviewRow),
    summary: "The organisation's interviews, the newest first.",
  },
  createInterview: {
    method: 'POST',
    path: '/api/interviews',
    access: 'recruiter',
    body: interviewInput,
    reply: interviewView,
    summary: 'Makes a draft.',
  },
  getInterview: {
    method: 'GET',
    path: '/api/interviews/:id',
    access: 'recruiter',
    params: idParams,
    reply: interviewView,
    summary: 'One interview.',
  },
  putInterview: {
    method: 'PUT',
    path: '/api/interviews/:id',
    access: 'recruiter',
    params: idParams,
    body: interviewInput,
    reply: interviewView,
    summary:
      'Replaces an interview; `version_conflict` if it changed meanwhile, `frozen` if questions changed after a start.',
  },
  deleteInterview: {
    method: 'DELETE',
    path: '/api/interviews/:id',
    access: 'recruiter',
    params: idParams,
    reply: empty,
    summary: 'Deletes an interview with every session and answer of it.',
  },
  publishInterview: {
    method: 'POST',
    path: '/api/interviews/:id/publish',
    access: 'recruiter',
    params: idParams,
    reply: interviewView,
    summary: 'Gives a draft its unguessable link.',
  },
  listSessions: {
    method: 'GET',
    path: '/api/interviews/:id/sessions',
    access: 'recruiter',
    params: idParams,
    query: pageQuery,
    reply: pageOf(sessionRow),
    summary: "An interview's candidates with their state, the newest first.",
  },
  getSession: {
    method: 'GET',
    path: '/api/sessions/:id',
    access: 'recruiter',
    params: idParams,
    reply: sessionDetail,
    summary: "One candidate's saved answers with short-lived video addresses.",
  },
  deleteAnswers: {
    method: 'DELETE',
    path: '/api/sessions/:id/answers',
    access: 'recruiter',
    params: idParams,
    reply: sessionDetail,
    summary: "Deletes a candidate's answers; the row stays and says so.",
  },
  gate: {
    method: 'GET',
    path: '/api/i/:slug',
    access: 'person',
    params: slugParams,
    reply: gateView,
    summary: 'What a visitor of an interview link finds.',
  },
  consent: {
    method: 'POST',
    path: '/api/i/:slug/consent',
    access: 'person',
    params: slugParams,
    body: consentInput,
    reply: z.object({ sessionId: id }),
    summary: 'Agrees to the recording and makes the session, or answers the one under way.',
  },
  listMySessions: {
    method: 'GET',
    path: '/api/my/sessions',
    access: 'person',
    query: pageQuery,
    reply: pageOf(mySessionRow),
    summary: "The caller's own sessions.",
  },
  getMySession: {
    method: 'GET',
    path: '/api/my/sessions/:id',
    access: 'person',
    params: idParams,
    reply: mySessionDetail,
    summary: 'One of them, with the answers playable.',
  },
  withdraw: {
    method: 'POST',
    path: '/api/my/sessions/:id/withdraw',
    access: 'person',
    params: idParams,
    reply: empty,
    summary: 'Withdraws before submitting; everything recorded is deleted.',
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
type Part<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? z.input<S> : undefined;
export type RouteParams<N extends RouteName> = Part<(typeof routes)[N], 'params'>;
export type RouteQuery<N extends RouteName> = Part<(typeof routes)[N], 'query'>;
export type RouteBody<N extends RouteName> = Part<(typeof routes)[N], 'body'>;
export type RouteReply<N extends RouteName> = z.output<(typeof routes)[N]['reply']>;
