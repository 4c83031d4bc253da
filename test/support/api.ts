import { createHash, randomBytes } from 'node:crypto';
import type { PublicConfig } from '#protocol/account.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { InterviewInput, InterviewView } from '#protocol/interview.ts';
import { routes, type Route, type RouteName, type RouteReply } from '#protocol/routes.ts';
import type { TestServer } from './server.ts';

const MAX_REDIRECTS = 10;

export interface Call {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
}

/** The HTTP API as one signed-in person sees it. */
export interface Api {
  readonly token: string;
  /** Makes a call and checks the reply's shape. @throws Error with status and code when it is refused */
  call<N extends RouteName>(name: N, call?: Call): Promise<RouteReply<N>>;
}

/** A client of the API with a token. */
export function apiClient(server: Pick<TestServer, 'url'>, token: string): Api {
  return {
    token,
    async call<N extends RouteName>(name: N, call: Call = {}): Promise<RouteReply<N>> {
      const route: Route = routes[name];
      const path = route.path.replaceAll(/:(\w+)/g, (_, key: string) => encodeURIComponent(call.params?.[key] ?? ''));
      const address = new URL(`${path}?${new URLSearchParams(call.query)}`, server.url);
      const json = call.body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(address, {
        method: route.method,
        headers: { authorization: `Bearer ${token}`, ...json },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const reply: unknown = await response.json();
      if (!response.ok) throw new Error(`${name}: ${response.status} ${(reply as ErrorBody).code}`);
      return route.reply.parse(reply) as RouteReply<N>;
    },
  };
}

/**
 * Signs somebody in through the same pages as a browser does, by requests alone (PKCE and an e-mail code), and gives the
 * account a name.
 * @param options.organisation makes the person a recruiter, when given
 */
export async function signInByHttp(
  server: TestServer,
  email: string,
  options: { name?: string; organisation?: string } = {},
): Promise<Api> {
  const { auth } = (await (await fetch(`${server.url}/api/config`)).json()) as PublicConfig;
  const issuer = auth.domain.startsWith('http') ? auth.domain : `https://${auth.domain}`;
  const verifier = randomBytes(32).toString('base64url');
  const redirect = `${server.url}/callback`;
  const query = new URLSearchParams({
    client_id: auth.clientId,
    audience: auth.audience,
    scope: 'openid profile email offline_access',
    response_type: 'code',
    redirect_uri: redirect,
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const visit = visitor(server.url);
  const since = Date.now();
  const page = await visit(`${issuer}/authorize?${query}`);
  await visit(page, { email });
  const done = await visit(`${page}/code`, { code: await server.codeFor(email, since) });
  const code = new URL(done).searchParams.get('code');
  if (!code) throw new Error(`signing in ended at ${new URL(done).pathname}`);
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: auth.clientId,
      redirect_uri: redirect,
      code_verifier: verifier,
      code,
    }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const api = apiClient(server, ((await response.json()) as { access_token: string }).access_token);
  await api.call('getMe');
  await api.call('putMe', { body: { name: options.name ?? 'Kim Example' } });
  if (options.organisation) await api.call('createOrganisation', { body: { name: options.organisation } });
  return api;
}

/**
 * Follows redirects with the cookies they set. The returned function resolves to the address of the page it reached, or
 * of the application's callback, which it does not visit.
 */
function visitor(origin: string): (address: string, form?: Record<string, string>) => Promise<string> {
  const cookies: { name: string; path: string; value: string }[] = [];
  return async (address, form) => {
    let current = address;
    let fields = form;
    for (let i = 0; i < MAX_REDIRECTS; i++) {
      const { pathname } = new URL(current);
      const cookie = cookies.filter((one) => pathname.startsWith(one.path)).map((one) => `${one.name}=${one.value}`);
      const response = await fetch(current, {
        redirect: 'manual',
        headers: { cookie: cookie.join('; '), origin, 'sec-fetch-site': 'same-origin' },
        ...(fields ? { method: 'POST', body: new URLSearchParams(fields) } : {}),
      });
      fields = undefined;
      for (const line of response.headers.getSetCookie()) keepCookie(cookies, line);
      const location = response.headers.get('location');
      if (location === null) return current;
      current = new URL(location, current).href;
      if (new URL(current).pathname === '/callback') return current;
    }
    throw new Error(`too many redirects, the last to ${new URL(current).pathname}`);
  };
}

function keepCookie(cookies: { name: string; path: string; value: string }[], line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
  const old = cookies.findIndex((one) => one.name === name && one.path === path);
  if (old >= 0) cookies.splice(old, 1);
  if (value) cookies.push({ name, path, value });
}

/** An interview's settings with whatever a test changes. */
export function interviewInput(changes: Partial<InterviewInput> = {}): InterviewInput {
  return {
    version: 0,
    title: 'Baker',
    introduction: 'Three questions about bread.',
    contact: null,
    questions: ['What is your name?', 'Why bread?', 'What comes next?'].map((text) => ({
      text,
      answerLimitMs: 20_000,
      thinkingTimeMs: 0,
      takesAllowed: 3,
    })),
    totalTimeMs: 600_000,
    autoStart: false,
    opensAt: null,
    closesAt: null,
    timeZone: 'Europe/Berlin',
    access: { kind: 'link' },
    attemptsAllowed: 1,
    ...changes,
  };
}

/** Makes and publishes an interview. */
export async function publishInterview(recruiter: Api, changes: Partial<InterviewInput> = {}): Promise<InterviewView> {
  const draft = await recruiter.call('createInterview', { body: interviewInput(changes) });
  return recruiter.call('publishInterview', { params: { id: draft.id } });
}
