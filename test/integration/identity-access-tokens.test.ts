import { createHmac, createPublicKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeJwt, exportSPKI, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { AppError } from '#protocol/errors.ts';
import { systemClock } from '#server/clock.ts';
import { createTokenVerifier } from '#server/identity/token-verifier.ts';
import { authorizeRequest, signIn, type Tokens } from './identity-harness.ts';
import { setStage } from './identity-stage.ts';

const PERSON = 'recruiter@example.org';

const stage = setStage();

async function refusal(token: string): Promise<string> {
  const error = await stage.server.verifier.verify(token).then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? error.code : String(error);
}

describe('access tokens', () => {
  let tokens: Tokens;
  let publicKey: JWK;
  beforeEach(async () => {
    tokens = await signIn(stage.server, stage.browser, PERSON);
    const keys = await fetch(`${stage.server.publicUrl}/oidc/.well-known/jwks.json`);
    const document = (await keys.json()) as { keys: JWK[] };
    publicKey = document.keys[0] ?? {};
    expect(publicKey).not.toHaveProperty('d');
  });

  it('are found out when they are forged', async () => {
    const forger = await generateKeyPair('RS256');
    const claims = decodeJwt(tokens.access_token);
    const header = { alg: 'RS256', typ: 'at+jwt', kid: String(publicKey.kid) };
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(forger.privateKey);
    expect(await refusal(forged)).toBe('unauthenticated');

    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims)}.`;
    expect(await refusal(unsigned)).toBe('unauthenticated');

    // The public key's text taken as the secret of an HMAC.
    const pem = await exportSPKI((await importJWK(publicKey, 'RS256', { extractable: true })) as CryptoKey);
    const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    for (const secret of [pem, der]) {
      const mac = createHmac('sha256', secret).update(signed).digest('base64url');
      expect(await refusal(`${signed}.${mac}`)).toBe('unauthenticated');
    }
    const [head, , signature] = tokens.access_token.split('.');
    expect(await refusal(`${head}.${encode({ ...claims, sub: 'somebody' })}.${signature}`)).toBe('unauthenticated');
    for (const nonsense of ['', 'a.b.c', 'x'.repeat(10_000), tokens.refresh_token]) {
      expect(await refusal(nonsense)).toBe('unauthenticated');
    }
  });

  it('are not accepted after their time, for another API or of another issuer', async () => {
    expect(await refusal(tokens.id_token)).toBe('unauthenticated');
    const { issuer, keyResolver } = stage.server.issuer;
    const other = { audience: stage.server.audience, clock: systemClock, keyResolver };
    const elsewhere = createTokenVerifier({ ...other, issuer: 'https://issuer.example/' });
    await expect(elsewhere.verify(tokens.access_token)).rejects.toMatchObject({ code: 'unauthenticated' });
    const api = createTokenVerifier({ ...other, issuer, audience: 'https://other.example/api' });
    await expect(api.verify(tokens.access_token)).rejects.toMatchObject({ code: 'unauthenticated' });
    const { expiresAt } = await stage.server.verifier.verify(tokens.access_token);
    stage.server.clock.advance(expiresAt - stage.server.clock.now() - 1_000);
    expect(await refusal(tokens.access_token)).toBe('accepted');
    stage.server.clock.advance(1_000);
    expect(await refusal(tokens.access_token)).toBe('token_expired');
  });

  it('are verified alike through discovery, as those of any issuer', async () => {
    const { issuer } = stage.server.issuer;
    const verifier = createTokenVerifier({ issuer, audience: stage.server.audience, clock: stage.server.clock });
    const [remote, local] = await Promise.all([
      verifier.verify(tokens.access_token),
      stage.server.verifier.verify(tokens.access_token),
    ]);
    expect(remote).toEqual(local);
  });

  it('bring the address at the userinfo endpoint', async () => {
    const ask = (token: string) =>
      fetch(`${stage.server.publicUrl}/oidc/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    const reply = await ask(tokens.access_token);
    expect(await reply.json()).toEqual({
      sub: decodeJwt(tokens.access_token).sub,
      email: PERSON,
      email_verified: true,
    });
    expect((await ask(tokens.id_token)).status).toBe(401);
  });
});

describe('discovery', () => {
  it("names Auth0's addresses on the public origin, whatever the request says", async () => {
    const reply = await fetch(`${stage.server.publicUrl}/oidc/.well-known/openid-configuration`, {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    const base = `${stage.server.publicUrl}/oidc`;
    expect(await reply.json()).toMatchObject({
      issuer: `${base}/`,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/oauth/token`,
      userinfo_endpoint: `${base}/userinfo`,
      revocation_endpoint: `${base}/oauth/revoke`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      code_challenge_methods_supported: ['S256'],
    });
  });

  it('stays on https behind a proxy, cookies too', async () => {
    const overrides = { publicUrl: 'https://interviews.example', audience: 'https://interviews.example/api' };
    const proxied = await stage.startAnother({ overrides });
    try {
      const document = await fetch(`${proxied.publicUrl}/oidc/.well-known/openid-configuration`);
      expect(await document.json()).toMatchObject({
        issuer: 'https://interviews.example/oidc/',
        token_endpoint: 'https://interviews.example/oidc/oauth/token',
      });
      const request = new URL(authorizeRequest({ ...proxied, ...overrides }).address);
      const start = await fetch(`${proxied.publicUrl}${request.pathname}${request.search}`, { redirect: 'manual' });
      expect(start.status).toBe(303);
      const cookies = start.headers.getSetCookie();
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) expect(cookie).toMatch(/; secure/i);
      for (const cookie of cookies) expect(cookie).toMatch(/; httponly/i);
      for (const cookie of cookies) expect(cookie).toMatch(/; samesite=lax/i);
    } finally {
      await proxied.close();
    }
  });

  it('leaves every other path alone', async () => {
    for (const path of ['/', '/oidcx', '/api/config']) {
      expect(await (await fetch(`${stage.server.publicUrl}${path}`)).text()).toBe('the application');
    }
    expect((await fetch(`${stage.server.publicUrl}/oidc`)).status).toBe(404);
    expect((await fetch(`${stage.server.publicUrl}/oidc/session/end`)).status).toBe(404);
  });
});
