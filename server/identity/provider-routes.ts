import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { AppError } from '#protocol/errors.ts';
import type { OidcPayloads } from '#server/store/oidc-payloads.ts';
import { PAGE_HEADERS } from './pages/layout.ts';
import { stopPage } from './pages/sign-in.ts';
import type { TokenVerifier } from './token-verifier.ts';

type Context = KoaContextWithOIDC;
type Next = () => Promise<unknown>;

/** Pages that the provider itself makes (a form or message that sends itself): only their own script runs. */
const PROVIDER_PAGE_POLICY = "default-src 'none'; script-src; form-action 'self'; base-uri 'none'";
/** The silent sign-in happens in a frame of our own pages. */
const FRAME_POLICY = "frame-ancestors 'self'";

/** Puts what Auth0 has and oidc-provider lacks in front of the provider: headers, `/userinfo` and `/v2/logout`. */
export function addAuth0Routes(options: {
  provider: Provider;
  payloads: OidcPayloads;
  verifier: TokenVerifier;
  clientId: string;
  publicUrl: string;
  productName: string;
}): void {
  const { provider, payloads, verifier, clientId, publicUrl, productName } = options;

  /** The provider looks for a `script-src` and adds the hash of its own script to it. */
  async function secureHeaders(ctx: Context, next: Next): Promise<void> {
    ctx.set('Content-Security-Policy', PROVIDER_PAGE_POLICY);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'same-origin');
    await next();
    const policy = ctx.response.get('Content-Security-Policy');
    if (!policy.includes('frame-ancestors')) ctx.set('Content-Security-Policy', `${policy}; ${FRAME_POLICY}`);
  }

  /** auth0-spa-js goes on to the silent sign-in when it reads these words, and gives up at any others. */
  function nameRefreshFault(ctx: Context): void {
    const body = ctx.body as { error?: string; error_description?: string } | undefined;
    if (ctx.oidc.params?.['grant_type'] !== 'refresh_token' || body?.error !== 'invalid_grant') return;
    body.error_description = 'Unknown or invalid refresh token.';
  }

  /** Auth0 answers here for the API's tokens too; the provider alone would only take tokens without an audience. */
  async function userinfo(ctx: Context): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    const [scheme, token = ''] = ctx.get('authorization').split(' ');
    try {
      if (scheme?.toLowerCase() !== 'bearer') throw new AppError('unauthenticated', 'a bearer token is needed');
      const { subject, email, emailVerified } = await verifier.verify(token);
      ctx.body = { sub: subject, email, email_verified: emailVerified };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      ctx.status = error.status;
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      ctx.body = { error: 'invalid_token', error_description: error.message };
    }
  }

  /** Ends the issuer's session with every refresh token of it, then returns to a page of ours. */
  async function logout(ctx: Context): Promise<void> {
    ctx.set('Cache-Control', 'no-store');
    const { client_id: client, returnTo } = ctx.query;
    const target = returnTo === undefined ? `${publicUrl}/` : ownAddress(returnTo, publicUrl);
    if ((client !== undefined && client !== clientId) || target === null) {
      ctx.status = 400;
      ctx.set(PAGE_HEADERS);
      ctx.body = stopPage({
        productName,
        title: 'Signing out did not work',
        message: 'The address to return to, or the application, is not known here.',
        homeUrl: `${publicUrl}/`,
      });
      return;
    }
    const session = await provider.Session.get(ctx);
    for (const { grantId } of Object.values(session.authorizations ?? {})) {
      if (grantId !== undefined) await payloads.revokeGrant(grantId);
    }
    if (session.accountId !== undefined) await session.destroy();
    ctx.cookies.set(provider.cookieName('session'), null, {
      path: '/oidc',
      httpOnly: true,
      sameSite: 'lax',
      signed: true,
    });
    ctx.redirect(target);
    ctx.status = 303;
  }

  provider.use(async (context, next) => {
    const ctx = context as unknown as Context;
    await secureHeaders(ctx, async () => {
      if (ctx.path === '/userinfo' && (ctx.method === 'GET' || ctx.method === 'POST')) return userinfo(ctx);
      if (ctx.path === '/v2/logout' && ctx.method === 'GET') return logout(ctx);
      await next();
      if (ctx.path === '/oauth/token' && ctx.status === 400) nameRefreshFault(ctx);
    });
  });
}

/** The address if it lies within our own origin, else null. */
function ownAddress(address: string | string[], publicUrl: string): string | null {
  if (typeof address !== 'string' || !URL.canParse(address)) return null;
  const url = new URL(address);
  return url.origin === publicUrl && !url.username && !url.password ? url.href : null;
}
