import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { ManualClock } from '#server/clock.ts';
import { createTokenVerifier } from './token-verifier.ts';

const AUDIENCE = 'https://api.example.org';
const SUBJECT = 'auth0|6f1c';

/** An issuer shaped like an Auth0 tenant: its access tokens hold no address. */
interface Tenant {
  issuer: string;
  asked: string[];
  /** Answers a request other than in the normal way. */
  override: ((path: string, response: ServerResponse) => boolean) | null;
  userinfo: Record<string, unknown>;
  privateKey: CryptoKey;
}

let server: Server;
let tenant: Tenant;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock(Date.now());
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  server = createServer((request, response) => {
    const path = request.url ?? '/';
    tenant.asked.push(path);
    if (tenant.override?.(path, response)) return;
    const base = tenant.issuer;
    const answers: Record<string, unknown> = {
      '/.well-known/openid-configuration': {
        issuer: base,
        jwks_uri: `${base}.well-known/jwks.json`,
        userinfo_endpoint: `${base}userinfo`,
      },
      '/.well-known/jwks.json': { keys: [jwk] },
      '/userinfo': tenant.userinfo,
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers[path]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const userinfo = { sub: SUBJECT, email: 'Maria@Example.org', email_verified: true };
  tenant = { issuer, asked: [], override: null, userinfo, privateKey };
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const verifierOf = (options: { emailClaim?: string | null } = {}) =>
  createTokenVerifier({ issuer: tenant.issuer, audience: AUDIENCE, clock, ...options });

function token(claims: Record<string, unknown> = {}, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
  return new SignJWT({ iss: tenant.issuer, aud: [AUDIENCE, `${tenant.issuer}userinfo`], sub: SUBJECT, ...claims })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'one', ...header })
    .setIssuedAt()
    .setExpirationTime(new Date(clock.now() + 60_000))
    .sign(tenant.privateKey);
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? error.code : String(error);
}

const askedFor = (path: string) => tenant.asked.filter((one) => one === path).length;

describe('a token without an address', () => {
  it('is completed from userinfo, once for each token', async () => {
    const verifier = verifierOf();
    const one = await token();
    const identities = await Promise.all([verifier.verify(one), verifier.verify(one), verifier.verify(one)]);
    expect(identities[0]).toEqual({
      issuer: tenant.issuer,
      subject: SUBJECT,
      email: 'maria@example.org',
      emailVerified: true,
      expiresAt: Math.floor((clock.now() + 60_000) / 1000) * 1000,
    });
    await verifier.verify(one);
    expect(askedFor('/userinfo')).toBe(1);
    await verifier.verify(await token({ jti: 'another' }));
    expect(askedFor('/userinfo')).toBe(2);
    expect(askedFor('/.well-known/jwks.json')).toBe(1);
  });

  it('is asked about again when the address was not verified', async () => {
    const verifier = verifierOf();
    const one = await token();
    tenant.userinfo = { ...tenant.userinfo, email_verified: false };
    expect((await verifier.verify(one)).emailVerified).toBe(false);
    tenant.userinfo = { ...tenant.userinfo, email_verified: 'true' };
    expect((await verifier.verify(one)).emailVerified).toBe(false);
    clock.advance(30_000);
    expect((await verifier.verify(one)).emailVerified).toBe(true);
  });

  it("is refused when userinfo is somebody else's, or refuses it", async () => {
    const verifier = verifierOf();
    tenant.userinfo = { ...tenant.userinfo, sub: 'auth0|other' };
    expect(await codeOf(verifier.verify(await token()))).toBe('unauthenticated');
    tenant.override = (path, response) => {
      if (path === '/userinfo') response.writeHead(401).end();
      return path === '/userinfo';
    };
    expect(await codeOf(verifier.verify(await token({ jti: '2' })))).toBe('unauthenticated');
  });

  it('has to wait while userinfo fails, for a moment only', async () => {
    const verifier = verifierOf();
    tenant.override = (path, response) => {
      if (path === '/userinfo') response.writeHead(500).end();
      return path === '/userinfo';
    };
    const one = await token();
    expect(await codeOf(verifier.verify(one))).toBe('unavailable');
    tenant.override = null;
    expect(await codeOf(verifier.verify(one))).toBe('unavailable');
    clock.advance(2_000);
    expect(await codeOf(verifier.verify(one))).toBe('accepted');
  });
});

describe('a configured claim', () => {
  const emailClaim = 'https://goodtake.example/email';

  it('is taken together with its word on verification', async () => {
    const verifier = verifierOf({ emailClaim });
    const claims = { [emailClaim]: 'Nora@example.org', [`${emailClaim}_verified`]: false };
    expect(await verifier.verify(await token(claims))).toMatchObject({
      email: 'nora@example.org',
      emailVerified: false,
    });
    expect(askedFor('/userinfo')).toBe(0);
  });

  it('says nothing alone', async () => {
    const verifier = verifierOf({ emailClaim });
    const identity = await verifier.verify(await token({ [emailClaim]: 'boss@example.org' }));
    expect(identity.email).toBe('maria@example.org');
  });
});

describe('the rules for tokens', () => {
  it('pin the kind of token and its signature', async () => {
    const verifier = verifierOf();
    const refused = [
      token({}, { typ: 'logout+jwt' }),
      token({}, { typ: 'dpop+jwt' }),
      token({}, { kid: 'two' }),
      token({ cnf: { jkt: 'x' } }),
      token({ aud: 'https://other.example' }),
      token({ iss: 'https://other.example/' }),
      token({ iss: tenant.issuer.slice(0, -1) }),
      token({ sub: '' }),
      token({ nbf: Math.floor(clock.now() / 1000) + 60 }),
    ];
    for (const one of refused) expect(await codeOf(verifier.verify(await one))).toBe('unauthenticated');
    expect(await codeOf(verifier.verify(await token({}, { typ: 'at+jwt' })))).toBe('accepted');
    const elliptic = await generateKeyPair('ES256');
    const other = await new SignJWT({ iss: tenant.issuer, aud: AUDIENCE, sub: SUBJECT })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .setExpirationTime('1m')
      .sign(elliptic.privateKey);
    expect(await codeOf(verifier.verify(other))).toBe('unauthenticated');
  });

  it('tell an expired token from a wrong one', async () => {
    const verifier = verifierOf();
    const one = await token();
    clock.advance(61_000);
    expect(await codeOf(verifier.verify(one))).toBe('token_expired');
  });
});

describe('an issuer that cannot be reached', () => {
  it('is asked again after a while', async () => {
    const verifier = verifierOf();
    const one = await token();
    tenant.override = (_path, response) => {
      response.writeHead(503).end();
      return true;
    };
    expect(await codeOf(verifier.verify(one))).toBe('unavailable');
    expect(await codeOf(verifier.verify(one))).toBe('unavailable');
    expect(tenant.asked).toHaveLength(1);
    tenant.override = null;
    clock.advance(5_000);
    expect(await codeOf(verifier.verify(one))).toBe('accepted');
  });

  it('is not confused with another that answers in its place', async () => {
    const verifier = verifierOf();
    tenant.override = (path, response) => {
      if (!path.includes('openid-configuration')) return false;
      const jwks = `${tenant.issuer}.well-known/jwks.json`;
      response.end(JSON.stringify({ issuer: 'https://other.example/', jwks_uri: jwks }));
      return true;
    };
    expect(await codeOf(verifier.verify(await token()))).toBe('unavailable');
  });
});
