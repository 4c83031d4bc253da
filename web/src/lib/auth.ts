import { Auth0Client, InMemoryCache, type Auth0ClientOptions } from '@auth0/auth0-spa-js';
import workerUrl from '@auth0/auth0-spa-js/dist/auth0-spa-js.worker.production.js?url';
import { routes } from '#protocol/routes.ts';
import { INVITATION_COOKIE, type PublicConfig } from '#protocol/account.ts';
import { ApiError } from './api-error.ts';

/** Where the issuer sends the browser back to. */
export const CALLBACK_PATH = '/callback';

/**
 * The issuer's refusals that signing in anew mends. Anything else passes: a network that is away, a proxy's own page while
 * the server restarts, an issuer that is overloaded.
 */
const SIGN_IN_NEEDED: ReadonlySet<unknown> = new Set([
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'access_denied',
  'invalid_grant',
  'mfa_required',
  'missing_refresh_token',
]);

interface AppState {
  returnTo: string;
}

/** Signing in and out at whichever issuer the server names. Tokens are only ever in memory. */
export class Auth {
  #client: Promise<Auth0Client> | null = null;
  #config: Promise<PublicConfig> | null = null;
  readonly #fetch: typeof globalThis.fetch;

  constructor({ fetch }: { fetch: typeof globalThis.fetch }) {
    this.#fetch = fetch;
  }

  /** The server's public settings, read once. Throws ApiError `offline` or `unavailable`; the next call tries again. */
  config(): Promise<PublicConfig> {
    this.#config ??= this.#readConfig().catch((error: unknown) => {
      this.#config = null;
      throw error;
    });
    return this.#config;
  }

  /**
   * Whether somebody is signed in; after a reload the issuer is asked silently.
   * Throws ApiError when server or issuer do not answer now.
   */
  async isSignedIn(): Promise<boolean> {
    const client = await this.#ready();
    if (await client.isAuthenticated()) return true;
    // The library forgets its mark when the issuer knows nobody; where it is left, the issuer could not be asked.
    const { auth } = await this.config();
    if (!document.cookie.includes(`auth0.${auth.clientId}.is.authenticated=`)) return false;
    try {
      await this.getToken();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'unauthenticated') return false;
      throw error;
    }
  }

  /**
   * Leaves for the issuer's sign-in page and comes back to `returnTo`, a path of this site.
   * @param options.anotherAddress asks who it is even if the issuer still knows somebody
   */
  async signIn(returnTo: string, options: { anotherAddress?: boolean } = {}): Promise<void> {
    const client = await this.#ready();
    rememberInvitation(returnTo);
    await client.loginWithRedirect<AppState>({
      // In the place of this page: who goes back from the interview comes to where they were before, not to a form.
      openUrl: (url) => location.replace(url),
      appState: { returnTo },
      authorizationParams: options.anotherAddress ? { prompt: 'login' } : {},
    });
  }

  /** Completes a sign-in on the callback page. Resolves to the path to go on to; throws when the issuer refused. */
  async finishSignIn(): Promise<string> {
    const client = await this.#ready();
    const { appState } = (await client.handleRedirectCallback<AppState>()) as { appState?: AppState };
    return safePath(appState?.returnTo);
  }

  /** Signs out here and at the issuer, and leaves for the home page. */
  async signOut(): Promise<void> {
    const client = await this.#ready();
    await client.logout({ logoutParams: { returnTo: location.origin } });
  }

  /**
   * An access token for our API.
   * @param options.fresh renews it even if the one at hand seems valid
   * @throws ApiError `unauthenticated` when nobody is signed in any more, `offline` or `unavailable` when the issuer does
   * not answer now
   */
  async getToken(options: { fresh?: boolean } = {}): Promise<string> {
    const client = await this.#ready();
    try {
      const token = await client.getTokenSilently(options.fresh ? { cacheMode: 'off' } : {});
      if (token !== undefined) return token;
    } catch (cause) {
      throw tokenError(cause, navigator.onLine);
    }
    throw new ApiError({ code: 'unauthenticated', message: 'Please sign in again' });
  }

  #ready(): Promise<Auth0Client> {
    this.#client ??= this.#create().catch((error: unknown) => {
      this.#client = null;
      throw error;
    });
    return this.#client;
  }

  async #create(): Promise<Auth0Client> {
    const { auth } = await this.config();
    const options: Auth0ClientOptions = {
      domain: auth.domain,
      clientId: auth.clientId,
      authorizationParams: {
        redirect_uri: `${location.origin}${CALLBACK_PATH}`,
        audience: auth.audience,
        scope: 'openid profile email offline_access',
      },
      useRefreshTokens: true,
      // After a reload memory is empty: the issuer's own session, asked in a hidden frame, signs in again.
      useRefreshTokensFallback: true,
    };
    // The library keeps refresh tokens in a worker, whose code only allows an issuer at the root of its host;
    // for any other a plain memory cache serves.
    const client = new Auth0Client(
      isAtRoot(auth.domain) ? { ...options, workerUrl } : { ...options, cache: new InMemoryCache().enclosedCache },
    );
    if (location.pathname !== CALLBACK_PATH) await client.checkSession();
    return client;
  }

  async #readConfig(): Promise<PublicConfig> {
    let response: Response;
    try {
      response = await this.#fetch(routes.config.path, { cache: 'no-store' });
    } catch (cause) {
      throw new ApiError({ code: 'offline', message: 'The server cannot be reached' }, { cause });
    }
    if (!response.ok) throw new ApiError({ code: 'unavailable', message: 'The server is not ready yet' });
    return (await response.json()) as PublicConfig;
  }
}

/** What it means that no token came. */
export function tokenError(cause: unknown, onLine: boolean): ApiError {
  const refusal = cause instanceof Error && 'error' in cause ? cause.error : undefined;
  if (SIGN_IN_NEEDED.has(refusal)) {
    return new ApiError({ code: 'unauthenticated', message: 'Please sign in again' }, { cause });
  }
  // fetch's own failure is a TypeError.
  return cause instanceof TypeError || !onLine
    ? new ApiError({ code: 'offline', message: 'The sign-in service cannot be reached' }, { cause })
    : new ApiError({ code: 'unavailable', message: 'The sign-in service does not answer at the moment' }, { cause });
}

function isAtRoot(domain: string): boolean {
  return new URL(domain.includes('://') ? domain : `https://${domain}`).pathname === '/';
}

const INVITATION = /^\/i\/([A-Za-z0-9_-]{16,32})$/;
const INVITATION_KEPT_S = 3600;

/** Tells the issuer's pages of this site where to lead back to when a sign-in is over. */
function rememberInvitation(path: string): void {
  const [, slug = ''] = INVITATION.exec(path) ?? [];
  const age = slug === '' ? 0 : INVITATION_KEPT_S;
  document.cookie = `${INVITATION_COOKIE}=${slug}; Path=/; Max-Age=${String(age)}; SameSite=Lax`;
}

/** Only paths of this very site are followed, so that a forged link cannot lead elsewhere after signing in. */
export function safePath(path: string | null | undefined): string {
  if (path === null || path === undefined || !path.startsWith('/') || /^\/[/\\]/.test(path)) return '/';
  return path;
}

/** The page's own sign-in. */
export const auth = new Auth({ fetch: (...request) => globalThis.fetch(...request) });
