import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTool } from '#test/support/tools.ts';
import {
  CLIENT_ID,
  DATABASE_START_TIMEOUT_MS,
  lastCode,
  startDatabase,
  startServer,
  type TestServer,
} from './identity-harness.ts';

/** What the test calls in the page. */
interface PageApp {
  ready: Promise<void>;
  isSignedIn(): Promise<boolean>;
  email(): Promise<string | undefined>;
  token(fresh: boolean): Promise<string>;
  signIn(parameters: Record<string, string>): Promise<void>;
  signOut(): Promise<void>;
}
declare global {
  interface Window {
    app: PageApp;
  }
}

/** Auth0's library, set up as the web application does it. */
const PAGE_SCRIPT = `
import { Auth0Client, InMemoryCache } from '@auth0/auth0-spa-js';
const client = new Auth0Client({
  domain: location.origin + '/oidc',
  clientId: '${CLIENT_ID}',
  authorizationParams: {
    redirect_uri: location.origin + '/callback',
    audience: location.origin + '/api',
    scope: 'openid profile email offline_access',
  },
  useRefreshTokens: true,
  useRefreshTokensFallback: true,
  cache: new InMemoryCache().enclosedCache,
});
window.app = {
  ready: location.pathname === '/callback' ? client.handleRedirectCallback() : client.checkSession(),
  isSignedIn: () => client.isAuthenticated(),
  email: async () => (await client.getUser())?.email,
  token: (fresh) => client.getTokenSilently(fresh ? { cacheMode: 'off' } : {}),
  signIn: (authorizationParams) => client.loginWithRedirect({ authorizationParams }),
  signOut: () => client.logout({ logoutParams: { returnTo: location.origin } }),
};
`;

let database: Awaited<ReturnType<typeof startDatabase>>;
let server: TestServer;
let browser: Browser;
let page: Page;
/** Failed requests and messages of the console that speak of an error. */
const complaints: string[] = [];

async function bundle(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'identity-page-'));
  try {
    const entry = join(folder, 'main.js');
    await writeFile(entry, PAGE_SCRIPT);
    const library = createRequire(import.meta.url).resolve('@auth0/auth0-spa-js');
    const built = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      resolve: { alias: { '@auth0/auth0-spa-js': library } },
      build: { write: false, minify: false, rolldownOptions: { input: entry } },
    });
    const [output] = Array.isArray(built) ? built : [built];
    const chunk = output && 'output' in output ? output.output[0] : undefined;
    if (!chunk) throw new Error('nothing was built');
    return chunk.code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

beforeAll(async () => {
  database = await startDatabase();
  const script = await bundle();
  const html =
    '<!doctype html><title>app</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>';
  server = await startServer({
    databaseUrl: database.url('browser'),
    page: (path) =>
      path === '/app.js' ? { type: 'text/javascript', body: script } : { type: 'text/html', body: html },
  });
  browser = await chromium.launch({
    executablePath: findTool('CHROMIUM_PATH', 'chromium', 'chromium-browser', 'google-chrome'),
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
}, DATABASE_START_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await database?.close();
});

async function home(path = '/'): Promise<void> {
  await page.goto(`${server.publicUrl}${path}`);
  await page.evaluate(() => window.app.ready);
}

/** Leaves for the issuer; the promise inside the page never settles, as the page goes away. */
async function leave(how: 'in' | 'out', parameters: Record<string, string> = {}): Promise<void> {
  await page.evaluate(([way, given]) => void (way === 'in' ? window.app.signIn(given) : window.app.signOut()), [
    how,
    parameters,
  ] as const);
}

async function typeCode(email: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Code').fill(lastCode(server, email));
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL('**/callback?**');
  await page.evaluate(() => window.app.ready);
}

const identityOf = async (fresh = false) =>
  server.verifier.verify(await page.evaluate((again) => window.app.token(again), fresh));

it('works with the library of Auth0 in a real browser', { timeout: 60_000 }, async () => {
  await home();
  expect(await page.evaluate(() => window.app.isSignedIn())).toBe(false);

  await leave('in');
  await typeCode('maria@example.org');
  expect(await page.evaluate(() => window.app.email())).toBe('maria@example.org');
  const maria = await identityOf();
  expect(maria).toMatchObject({ email: 'maria@example.org', emailVerified: true });

  // Each renewal uses the refresh token that the one before has brought.
  const tokens = new Set<string>();
  for (let n = 0; n < 3; n++) tokens.add(await page.evaluate(() => window.app.token(true)));
  expect(tokens.size).toBe(3);

  // After a reload memory is empty, and a hidden frame signs in again.
  const frames: string[] = [];
  page.on('frameattached', (frame) => frames.push(frame.name()));
  await home();
  expect(frames).toHaveLength(1);
  expect(await page.evaluate(() => window.app.isSignedIn())).toBe(true);
  expect((await identityOf(true)).subject).toBe(maria.subject);

  // The same when the refresh token at hand has ended.
  await server.store.connection.collection('oidc_payloads').deleteMany({ model: 'RefreshToken' });
  expect((await identityOf(true)).subject).toBe(maria.subject);
  expect(frames).toHaveLength(2);

  // Where the frame does not work, leaving for the issuer comes back without a question.
  await leave('in');
  await page.waitForURL('**/callback?**');
  await page.evaluate(() => window.app.ready);
  expect((await identityOf()).subject).toBe(maria.subject);

  // Another address, although the issuer knows somebody.
  await home();
  await leave('in', { prompt: 'login' });
  await typeCode('nora@example.org');
  const nora = await identityOf(true);
  expect(nora.email).toBe('nora@example.org');
  expect(nora.subject).not.toBe(maria.subject);
  await home();
  expect((await identityOf()).subject).toBe(nora.subject);

  // The ended refresh token's refusal is the only thing that the browser may complain of.
  expect(complaints.filter((text) => !text.includes('400 (Bad Request)'))).toEqual([]);

  await home('/settings');
  await leave('out');
  await page.waitForURL(`${server.publicUrl}/`);
  await page.evaluate(() => window.app.ready);
  expect(await page.evaluate(() => window.app.isSignedIn())).toBe(false);
  await leave('in', { login_hint: 'maria@example.org' });
  await page.waitForURL('**/oidc/interaction/**');
  expect(await page.getByLabel('E-mail address').inputValue()).toBe('maria@example.org');
});

it('has pages that can be used with the keyboard alone', { timeout: 30_000 }, async () => {
  await home();
  await leave('in');
  await page.waitForURL('**/oidc/interaction/**');
  // The field takes the keyboard by itself, a frame after the page was loaded.
  await page.locator('#email:focus').waitFor();
  await page.keyboard.type('keys@example');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  expect(await page.getByLabel('E-mail address').getAttribute('aria-describedby')).toBe('problem');
  await page.getByLabel('E-mail address').fill('keys@example.org');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/code');
  await page.locator('#code:focus').waitFor();
  await page.keyboard.type(lastCode(server, 'keys@example.org'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/callback?**');
});
