import { describe, expect, it } from 'vitest';
import { decodeJwt } from 'jose';
import { authorizeRequest, Browser, follow, lastCode, redeem, refresh, signIn } from './identity-harness.ts';
import { setStage } from './identity-stage.ts';

const PERSON = 'recruiter@example.org';

const stage = setStage();

const silent = { prompt: 'none', response_mode: 'web_message' };

describe('refresh tokens', () => {
  it('rotate, and bring a token for our API each time', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const first = await refresh(stage.server, tokens.refresh_token);
    expect(first.status).toBe(200);
    const second = await refresh(stage.server, String(first.body['refresh_token']));
    expect(second.status).toBe(200);
    expect(second.body['refresh_token']).not.toBe(first.body['refresh_token']);
    const identity = await stage.server.verifier.verify(String(second.body['access_token']));
    expect(identity).toMatchObject({ subject: decodeJwt(tokens.access_token).sub, email: PERSON });
  });

  it('end for good when one is used twice', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const next = await refresh(stage.server, tokens.refresh_token);
    const replayed = await refresh(stage.server, tokens.refresh_token);
    expect(replayed).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
    });
    const successor = await refresh(stage.server, String(next.body['refresh_token']));
    expect(successor).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('give one answer at most when used at the same time', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const replies = await Promise.all(Array.from({ length: 6 }, () => refresh(stage.server, tokens.refresh_token)));
    const won = replies.filter((reply) => reply.status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const reply of won) {
      expect((await refresh(stage.server, String(reply.body['refresh_token']))).status).toBe(400);
    }
  });

  it('can be given up', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const body = new URLSearchParams({
      token: tokens.refresh_token,
      token_type_hint: 'refresh_token',
      client_id: 'test-web',
    });
    const revoked = await fetch(`${stage.server.publicUrl}/oidc/oauth/revoke`, { method: 'POST', body });
    expect(revoked.status).toBe(200);
    expect((await refresh(stage.server, tokens.refresh_token)).status).toBe(400);
  });

  it('are not kept in the clear', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const kept = await stage.server.store.connection.collection('oidc_payloads').find().toArray();
    expect(kept.length).toBeGreaterThan(0);
    expect(JSON.stringify(kept)).not.toContain(tokens.refresh_token);
    const codes = await stage.server.store.connection.collection('one_time_codes').find().toArray();
    expect(JSON.stringify(codes)).not.toContain(lastCode(stage.server, PERSON));
  });
});

describe('authorization codes', () => {
  it('work once, and only with the verifier', async () => {
    const pending = authorizeRequest(stage.server);
    const start = await stage.browser.get(pending.address);
    await stage.browser.post(start.location, { email: PERSON });
    const back = await stage.browser.post(`${start.location}/code`, { code: lastCode(stage.server, PERSON) });
    const { location } = await follow(stage.browser, stage.server, back);
    const stolen = await redeem(stage.server, location, { ...pending, verifier: 'x'.repeat(43) });
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const first = await redeem(stage.server, location, pending);
    expect(first.status).toBe(200);
    expect((await redeem(stage.server, location, pending)).status).toBe(400);
    expect((await refresh(stage.server, String(first.body['refresh_token']))).status).toBe(400);
  });

  it('are not given to a page of another origin', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const reply = await fetch(`${stage.server.publicUrl}/oidc/oauth/token`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({
        client_id: 'test-web',
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      }),
    });
    expect(reply.status).toBe(400);
    expect(reply.headers.get('access-control-allow-origin')).toBeNull();
    expect((await refresh(stage.server, tokens.refresh_token)).status).toBe(200);
  });
});

describe('the session', () => {
  it('signs in silently, in a frame of our own pages only', async () => {
    await signIn(stage.server, stage.browser, PERSON);
    const page = await stage.browser.get(authorizeRequest(stage.server, silent).address);
    expect(page.status).toBe(200);
    expect(page.text).toContain('authorization_response');
    expect(page.text).toMatch(/"code":"[^"]+"/);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'self'");
    expect(policy).toMatch(/script-src 'sha256-/);
    expect(page.headers.get('x-frame-options')).toBeNull();
  });

  it('says so when nobody is signed in', async () => {
    const page = await stage.browser.get(authorizeRequest(stage.server, silent).address);
    expect(page.text).toContain('"error":"login_required"');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
  });

  it('lets another address sign in instead', async () => {
    await signIn(stage.server, stage.browser, PERSON);
    const pending = authorizeRequest(stage.server, { prompt: 'login' });
    const start = await stage.browser.get(pending.address);
    expect(start.location).toContain('/oidc/interaction/');
    await stage.browser.post(start.location, { email: 'nora@example.org' });
    const back = await stage.browser.post(`${start.location}/code`, {
      code: lastCode(stage.server, 'nora@example.org'),
    });
    // The provider ends the old session by a form that sends itself.
    const bridge = await stage.browser.get(back.location);
    const action = /action="([^"]+)"/.exec(bridge.text)?.[1] ?? '';
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(bridge.text)?.[1] ?? '';
    const ended = await stage.browser.post(action, { xsrf, logout: 'yes' });
    const done = await follow(stage.browser, stage.server, ended);
    const { body } = await redeem(stage.server, done.location, pending);
    expect((await stage.server.verifier.verify(String(body['access_token']))).email).toBe('nora@example.org');
  });

  it('ends by signing out, with its refresh tokens', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    const query = new URLSearchParams({ client_id: 'test-web', returnTo: stage.server.publicUrl });
    const out = await stage.browser.get(`/oidc/v2/logout?${query}`);
    expect(out).toMatchObject({ status: 303, location: `${stage.server.publicUrl}/` });
    expect(stage.browser.cookieNames).not.toContain('issuer_session');
    expect((await stage.browser.get(authorizeRequest(stage.server, silent).address)).text).toContain('login_required');
    expect((await refresh(stage.server, tokens.refresh_token)).status).toBe(400);
  });

  it('ends on the stage.server, not only in the cookie', async () => {
    await signIn(stage.server, stage.browser, PERSON);
    const copy = stage.browser.copy();
    await stage.browser.get('/oidc/v2/logout');
    expect((await copy.get(authorizeRequest(stage.server, silent).address)).text).toContain('login_required');
  });

  it('does not send people away to foreign addresses', async () => {
    await signIn(stage.server, stage.browser, PERSON);
    const evil = [
      'https://evil.example/',
      `${stage.server.publicUrl}.evil.example/`,
      '//evil.example',
      'javascript:alert(1)',
    ];
    for (const returnTo of [...evil, `http://x@${new URL(stage.server.publicUrl).host}/`]) {
      const refused = await stage.browser.get(
        `/oidc/v2/logout?${new URLSearchParams({ client_id: 'test-web', returnTo })}`,
      );
      expect(refused).toMatchObject({ status: 400, location: '' });
    }
    const stranger = await stage.browser.get('/oidc/v2/logout?client_id=another');
    expect(stranger.status).toBe(400);
    expect((await stage.browser.get(authorizeRequest(stage.server, silent).address)).text).toContain('"code":"');
  });

  it('survives a restart, as do the keys', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    await stage.restart();
    await expect(stage.server.verifier.verify(tokens.access_token)).resolves.toMatchObject({ email: PERSON });
    expect((await refresh(stage.server, tokens.refresh_token)).status).toBe(200);
    expect((await stage.browser.get(authorizeRequest(stage.server, silent).address)).text).toContain('"code":"');
  });

  it('and the keys end with the secret', async () => {
    const tokens = await signIn(stage.server, stage.browser, PERSON);
    await stage.restart({ secret: 'another secret, also 32 characters or more' });
    await expect(stage.server.verifier.verify(tokens.access_token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await stage.browser.get(authorizeRequest(stage.server, silent).address)).text).toContain('login_required');
    await signIn(stage.server, new Browser(stage.server), PERSON);
  });
});
