import type { JWK } from 'jose';
import {
  errors,
  interactionPolicy,
  type AdapterFactory,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import type { IssuerRecords } from '#server/store/issuer-records.ts';
import { SIGNING_ALGORITHM } from './keys.ts';
import { PAGE_HEADERS } from './pages/layout.ts';
import { stopPage } from './pages/sign-in.ts';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** Short, since an access token cannot be called back. */
const ACCESS_TOKEN_TTL_S = 15 * MINUTE_S;
const SESSION_TTL_S = 14 * DAY_S;
/** Longer than sessions, which are prolonged by use, and than the refresh tokens that hang on it. */
const GRANT_TTL_S = 2 * SESSION_TTL_S;

const SCOPES = ['openid', 'profile', 'email', 'offline_access'];

/** Where the web application is sent back to after signing in. */
const CALLBACK_PATH = '/callback';

/** The settings that make oidc-provider look like an Auth0 tenant with one single-page application and one API. */
export function providerConfig(options: {
  publicUrl: string;
  clientId: string;
  audience: string;
  productName: string;
  adapter: AdapterFactory;
  records: IssuerRecords;
  signingKey: JWK;
  cookieKey: string;
}): Configuration {
  const { publicUrl, clientId, audience, productName, adapter, records, signingKey, cookieKey } = options;
  const policy = interactionPolicy.base();
  // The only client is our own: there is nobody to consent to.
  policy.remove('consent');

  const apiServer = {
    audience,
    scope: '',
    accessTokenTTL: ACCESS_TOKEN_TTL_S,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: SIGNING_ALGORITHM } },
  } as const;

  return {
    adapter,
    jwks: { keys: [signingKey] },
    clients: [
      {
        client_id: clientId,
        client_name: productName,
        application_type: 'web',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${publicUrl}${CALLBACK_PATH}`],
      },
    ],
    clientBasedCORS: (_ctx, origin) => origin === publicUrl,
    responseTypes: ['code'],
    scopes: SCOPES,
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    // auth0-spa-js reads the person's address from the ID token.
    conformIdTokenClaims: false,
    cookies: {
      keys: [cookieKey],
      names: { session: 'issuer_session', interaction: 'issuer_interaction', resume: 'issuer_resume' },
      long: { httpOnly: true, sameSite: 'lax', path: '/oidc', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    // Auth0's names for what OAuth calls a resource, and for the page to begin with.
    extraParams: {
      audience(_ctx, value) {
        if (value !== undefined && value !== audience) throw new errors.InvalidTarget('unknown audience');
      },
      screen_hint: null,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      // Signing out is at /v2/logout, see logout.ts.
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      webMessageResponseMode: { enabled: true, ack: 'individual-draft-01' },
      resourceIndicators: {
        enabled: true,
        // Whoever asks for nothing gets a token for the one API there is.
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, resource) {
          if (resource !== audience) throw new errors.InvalidTarget('unknown audience');
          return apiServer;
        },
      },
    },
    pkce: { required: () => true },
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      userinfo: '/userinfo',
      jwks: '/.well-known/jwks.json',
      end_session: '/session/end',
    },
    ttl: {
      AccessToken: ACCESS_TOKEN_TTL_S,
      AuthorizationCode: MINUTE_S,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      Session: SESSION_TTL_S,
      Grant: GRANT_TTL_S,
      // Rotating does not prolong: after this the session, if it still lives, is asked.
      RefreshToken: (ctx) => ctx?.oidc.entities.RotatedRefreshToken?.remainingTTL ?? SESSION_TTL_S,
    },
    rotateRefreshToken: true,
    // `offline_access` would count only together with a consent screen.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    interactions: { policy, url: (_ctx, interaction) => `/oidc/interaction/${interaction.uid}` },
    loadExistingGrant: grantFor,
    findAccount: async (_ctx, subject) => {
      const email = await records.emailOf(subject);
      if (email === null) return undefined;
      return { accountId: subject, claims: () => ({ sub: subject, email, email_verified: true }) };
    },
    extraTokenClaims: async (_ctx, token) => {
      const subject = 'accountId' in token ? token.accountId : undefined;
      const email = subject === undefined ? null : await records.emailOf(subject);
      return email === null ? undefined : { email, email_verified: true };
    },
    renderError(ctx, out) {
      ctx.set(PAGE_HEADERS);
      ctx.body = stopPage({
        productName,
        title: 'Signing in did not work',
        message: out.error_description ?? out.error,
        homeUrl: `${publicUrl}/`,
      });
    },
  };
}

/** The session's grant, holding every scope that is asked for: our own application needs no consent. */
async function grantFor(ctx: KoaContextWithOIDC) {
  const { provider, session, client, account, requestParamOIDCScopes } = ctx.oidc;
  if (!client || !account) return undefined;
  const grantId = session?.grantIdFor(client.clientId);
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    known?.accountId === account.accountId
      ? known
      : new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  const granted = new Set(grant.getOIDCScope().split(' '));
  if (known && [...requestParamOIDCScopes].every((scope) => granted.has(scope))) return grant;
  grant.addOIDCScope(requestParamOIDCScopes);
  await grant.save();
  return grant;
}
