import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import { beforeAll, expect, test } from 'vitest';
import { CONSENT_VERSION } from '#protocol/consent.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { Replies, RequestName } from '#protocol/events.ts';
import { publishInterview, signInByHttp, type Api } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { ask, BODIES, connected, NAMES, outcome } from './signalling-harness.ts';

const START_TIMEOUT_MS = 90_000;
/** What needs no session, and thus nobody's. */
const FREE = new Set<RequestName>(['clock:sync']);

const keep = closeAfterAll();
let server: TestServer;
/** The candidate whose session everybody is after, and what is hers. */
let ann: { api: Api; sessionId: string; questionId: string; page: Socket };
/** A candidate of the same interview, with a session that runs. */
let bob: { api: Api; sessionId: string; page: Socket };
const tokens = new Map<string, string>();
/** What Ann's page, which is there all the time, was told. */
const told: string[] = [];

beforeAll(async () => {
  server = await keep(startServer());
  const owner = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const rival = await signInByHttp(server, 'ralf@example.org', { organisation: 'Other Inn' });
  const { slug } = await publishInterview(owner);
  const enter = async (address: string) => {
    const api = await signInByHttp(server, address);
    const body = { version: CONSENT_VERSION, language: 'en' };
    const { sessionId } = await api.call('consent', { params: { slug: slug ?? '' }, body });
    const page = await join(api.token, sessionId);
    expect(await outcome(page, 'check:pass', {})).toBe('ok');
    expect(await outcome(page, 'interview:start', {})).toBe('ok');
    return { api, sessionId, page };
  };
  const first = await enter('ann@example.org');
  ann = { ...first, questionId: (await stateOf(first)).currentQuestionId ?? '' };
  ann.page.on('session:state', () => void told.push('a change'));
  ann.page.on('session:taken-over', () => void told.push('a take-over'));
  bob = await enter('bob@example.org');
  tokens.set('another candidate of the same interview', bob.api.token);
  tokens.set('a recruiter of another organisation', rival.token);
  tokens.set('the recruiter whose interview it is', owner.token);
}, START_TIMEOUT_MS);

function page(auth: object): Socket {
  const socket = io(server.url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    autoConnect: false,
    auth,
  });
  void keep(Promise.resolve({ close: async () => void socket.disconnect() }));
  return socket;
}

async function signedIn(token: string): Promise<Socket> {
  const socket = page({ token });
  await connected(socket);
  return socket;
}

async function join(token: string, sessionId: string): Promise<Socket> {
  const socket = await signedIn(token);
  expect(await outcome(socket, 'session:join', { sessionId })).toBe('ok');
  return socket;
}

/** The session as its own candidate finds it. */
async function stateOf(whose: { page: Socket; sessionId: string }) {
  const reply = await ask(whose.page, 'session:join', { sessionId: whose.sessionId });
  if (!reply.ok) throw new Error(reply.error.code);
  return (reply.data as Replies['session:join']).session;
}

/** A good body of the request, aimed at Ann's session. */
function aimed(name: RequestName): object {
  const body = { ...BODIES[name] };
  if ('sessionId' in body) return { sessionId: ann.sessionId };
  if ('token' in body) return { token: ann.api.token };
  return 'questionId' in body ? { ...body, questionId: ann.questionId } : body;
}

/** Another person's word in another person's place. */
const forge = (token: string): string => {
  const [header = '', , signature = ''] = token.split('.');
  const claims = Buffer.from(JSON.stringify({ sub: 'ann', exp: 4_000_000_000 })).toString('base64url');
  return [header, claims, signature].join('.');
};
const UNSIGNED = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"ann"}').toString('base64url')}.`;

test.each<[string, () => object]>([
  ['nobody', () => ({})],
  ['a forged token', () => ({ token: forge(ann.api.token) })],
  ['an unsigned token', () => ({ token: UNSIGNED })],
  ['no token at all', () => ({ token: 'ann' })],
])('the real server refuses the handshake of %s', async (_who, auth) => {
  const refusal: unknown = await connected(page(auth())).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ data: { code: 'unauthenticated' } });
});

test.each([
  'another candidate of the same interview',
  'a recruiter of another organisation',
  'the recruiter whose interview it is',
])("no request of %s reaches a candidate's session", async (who) => {
  const before = await stateOf(ann);
  const socket = await signedIn(tokens.get(who) ?? '');
  const heard: string[] = [];
  socket.onAny((push: string) => heard.push(push));
  const refusals: Partial<Record<RequestName, ErrorCode>> = { 'auth:renew': 'forbidden', 'session:join': 'not_found' };
  for (const name of NAMES) {
    expect(await outcome(socket, 'session:join', { sessionId: ann.sessionId })).toBe('not_found');
    const wanted = FREE.has(name) ? 'ok' : (refusals[name] ?? 'not_joined');
    expect([name, await outcome(socket, name, aimed(name))]).toEqual([name, wanted]);
  }
  expect((await stateOf(ann)).version).toBe(before.version);
  expect([heard, told]).toEqual([[], []]);
  socket.disconnect();
});

test.each<[RequestName, ErrorCode]>([
  ['take:stop', 'unknown_take'],
  ['take:pick', 'unknown_take'],
  ['rehearsal:stop', 'unknown_take'],
])('from a session of their own nobody reaches into another by %s', async (name, code) => {
  const before = await stateOf(ann);
  expect(await outcome(bob.page, name, aimed(name))).toBe(code);
  expect((await stateOf(ann)).version).toBe(before.version);
});
