import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMongod } from '#config/mongod.ts';
import { ManualClock } from '#server/clock.ts';
import {
  createEmbeddedIssuer,
  type EmbeddedIssuer,
  type EmbeddedIssuerOptions,
} from '#server/identity/embedded-issuer.ts';
import { createTokenVerifier, type TokenVerifier } from '#server/identity/token-verifier.ts';
import { createLogger } from '#server/log.ts';
import { createMailbox, type Mailbox } from '#server/mail/mailbox.ts';
import { createMailer } from '#server/mail/mailer.ts';
import { ensureIndexes, openStore, type Store } from '#server/store/connect.ts';
import { findTool } from '#test/support/tools.ts';

export const CLIENT_ID = 'test-web';

/** A database takes seconds to start on a busy machine. */
export const DATABASE_START_TIMEOUT_MS = 90_000;

/** A real mongod of its own in a temporary folder; each name is a database apart. */
export async function startDatabase(): Promise<{ url(name: string): string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'identity-db-'));
  const mongod = await startMongod({ binary: findTool('MONGOD_PATH', 'mongod'), dbPath: join(folder, 'db'), port: 0 });
  return {
    url(name) {
      const url = new URL(mongod.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async close() {
      await mongod.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TestServer {
  publicUrl: string;
  audience: string;
  clock: ManualClock;
  issuer: EmbeddedIssuer;
  mailbox: Mailbox;
  verifier: TokenVerifier;
  store: Store;
  /** The requests that were answered by the pages around the issuer. */
  close(): Promise<void>;
}

/** An HTTP server with the embedded issuer and the development mailbox in front, as the product has it. */
export async function startServer(options: {
  databaseUrl: string;
  /** The port of an earlier server, to start it again. */
  port?: number;
  secret?: string;
  /** Where the clock stands; an earlier server's when it is started again, so that no window of a limit passes. */
  now?: number;
  overrides?: Partial<EmbeddedIssuerOptions>;
  /** Answers what is neither the issuer's nor the mailbox's. */
  page?: (path: string) => { type: string; body: string } | null;
}): Promise<TestServer> {
  const {
    databaseUrl,
    port = 0,
    now = Date.now(),
    secret = 'a secret of the test, 32 characters or more',
    overrides,
    page,
  } = options;
  const server: Server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const publicUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  const audience = `${publicUrl}/api`;
  const log = createLogger('silent');
  const clock = new ManualClock(now);
  const store = await openStore({ url: databaseUrl, log });
  const mailbox = createMailbox({ publicUrl, productName: 'Goodtake', clock });
  const mailer = createMailer({ smtpUrl: null, from: 'no-reply@localhost', mailbox, log });
  const issuer = await createEmbeddedIssuer({
    publicUrl,
    clientId: CLIENT_ID,
    audience,
    secret,
    connection: store.connection,
    mailer,
    clock,
    log,
    productName: 'Goodtake',
    devMailbox: true,
    ...overrides,
  });
  await ensureIndexes(store.connection);
  server.on('request', (request, response) => {
    if (issuer.handle(request, response) || mailbox.handle(request, response)) return;
    const found = page?.((request.url ?? '/').split('?')[0] ?? '/') ?? { type: 'text/plain', body: 'the application' };
    response.writeHead(200, { 'content-type': found.type }).end(found.body);
  });
  const { keyResolver } = issuer;
  const verifier = createTokenVerifier({ issuer: issuer.issuer, audience, clock, keyResolver });
  return {
    ...{ publicUrl, audience, clock, issuer, mailbox, verifier, store },
    async close() {
      server.close();
      server.closeAllConnections();
      await issuer.close();
      await store.close();
    },
  };
}

interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** Where a redirect leads, absolute. */
  location: string;
}

/** A browser without scripts: keeps cookies by path, follows redirects only when told. */
export class Browser {
  #cookies: { name: string; value: string; path: string }[] = [];
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
  }

  get cookieNames(): string[] {
    return this.#cookies.map((cookie) => cookie.name);
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const other = new Browser(this.#server);
    other.#cookies = [...this.#cookies];
    return other;
  }

  async get(address: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.#request(address, { headers });
  }

  /** Submits a form as a page of our own origin does. */
  async post(address: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> {
    return this.#request(address, {
      method: 'POST',
      headers: { origin: this.#server.publicUrl, 'sec-fetch-site': 'same-origin', ...headers },
      body: new URLSearchParams(fields),
    });
  }

  async #request(address: string, init: RequestInit): Promise<Reply> {
    const url = new URL(address, this.#server.publicUrl);
    const cookie = this.#cookies
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
    const headers = { ...(init.headers as Record<string, string>), ...(cookie ? { cookie } : {}) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? '' : new URL(location, url).href,
    };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = pair.split('=');
    const attribute = (wanted: string) =>
      attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? '/';
    this.#cookies = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    const expires = attribute('expires');
    if (expires === undefined || Date.parse(expires) > Date.now()) this.#cookies.push({ name, value, path });
  }
}

/** What the single-page application remembers between leaving for the issuer and coming back. */
export interface PendingSignIn {
  address: string;
  verifier: string;
  state: string;
}

/** An authorization request as auth0-spa-js makes it. */
export function authorizeRequest(server: TestServer, extra: Record<string, string> = {}): PendingSignIn {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const query = new URLSearchParams({
    client_id: CLIENT_ID,
    scope: 'openid profile email offline_access',
    audience: server.audience,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: `${server.publicUrl}/callback`,
    state,
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    auth0Client: 'eyJuYW1lIjoiYXV0aDAtc3BhLWpzIn0=',
    ...extra,
  });
  return { address: `${server.publicUrl}/oidc/authorize?${query}`, verifier, state };
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
  expires_in: number;
  scope?: string;
}

/** Follows redirects within the issuer until a page or the application is reached. */
export async function follow(browser: Browser, server: TestServer, reply: Reply): Promise<Reply> {
  let current = reply;
  while (current.location.startsWith(`${server.publicUrl}/oidc/`)) current = await browser.get(current.location);
  return current;
}

/** Signs in by a code up to the tokens. */
export async function signIn(server: TestServer, browser: Browser, email: string): Promise<Tokens> {
  const pending = authorizeRequest(server);
  const start = await browser.get(pending.address);
  await browser.post(start.location, { email });
  const back = await browser.post(`${start.location}/code`, { code: lastCode(server, email) });
  const done = await follow(browser, server, back);
  const reply = await redeem(server, done.location, pending);
  if (reply.status !== 200) throw new Error(`no tokens: ${reply.status}`);
  return reply.body as unknown as Tokens;
}

/** The code of the newest mail to an address. */
export function lastCode(server: TestServer, email: string): string {
  const code = server.mailbox.list().find((mail) => mail.to === email)?.code;
  if (code === null || code === undefined) throw new Error('no mail with a code');
  return code;
}

interface TokenReply {
  status: number;
  body: Record<string, unknown>;
}

async function tokenRequest(server: TestServer, fields: Record<string, string>): Promise<TokenReply> {
  const response = await fetch(`${server.publicUrl}/oidc/oauth/token`, {
    method: 'POST',
    headers: { origin: server.publicUrl },
    body: new URLSearchParams({ client_id: CLIENT_ID, ...fields }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Turns the code in the callback's address into tokens. */
export function redeem(server: TestServer, callback: string, pending: PendingSignIn): Promise<TokenReply> {
  return tokenRequest(server, {
    grant_type: 'authorization_code',
    code: new URL(callback).searchParams.get('code') ?? '',
    code_verifier: pending.verifier,
    redirect_uri: `${server.publicUrl}/callback`,
  });
}

export function refresh(server: TestServer, refreshToken: string): Promise<TokenReply> {
  return tokenRequest(server, { grant_type: 'refresh_token', refresh_token: refreshToken });
}
