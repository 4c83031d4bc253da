import { describe, expect, it } from 'vitest';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import {
  authorizeRequest,
  Browser,
  CLIENT_ID,
  follow,
  lastCode,
  redeem,
  signIn,
  type PendingSignIn,
} from './identity-harness.ts';
import { setStage } from './identity-stage.ts';

const CANDIDATE = 'maria@example.org';

const stage = setStage();

/** Goes as far as the page that asks for the code. */
async function askForCode(email = CANDIDATE): Promise<{ page: string; pending: PendingSignIn }> {
  const pending = authorizeRequest(stage.server);
  const start = await stage.browser.get(pending.address);
  expect(start.status).toBe(303);
  const sent = await stage.browser.post(start.location, { email });
  expect(sent.status).toBe(303);
  return { page: start.location, pending };
}

const wrongCode = () => (lastCode(stage.server, CANDIDATE) === '000000' ? '000001' : '000000');

describe('signing in by a code', () => {
  it('leads to tokens for our API', async () => {
    const { page, pending } = await askForCode('  Maria@Example.org ');
    const asked = await stage.browser.get(`${page}/code`);
    expect(asked.text).toContain(CANDIDATE);
    expect(asked.text).toContain('autocomplete="one-time-code"');

    const back = await stage.browser.post(`${page}/code`, {
      code: lastCode(stage.server, CANDIDATE).replace(/^.../, '$& '),
    });
    const done = await follow(stage.browser, stage.server, back);
    expect(done.location).toContain(`${stage.server.publicUrl}/callback?code=`);
    expect(new URL(done.location).searchParams.get('state')).toBe(pending.state);

    const { status, body } = await redeem(stage.server, done.location, pending);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    const accessToken = String(body['access_token']);
    expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    const identity = await stage.server.verifier.verify(accessToken);
    expect(identity).toMatchObject({
      issuer: `${stage.server.publicUrl}/oidc/`,
      email: CANDIDATE,
      emailVerified: true,
    });
    expect(identity.subject).toMatch(/^[0-9a-f]{32}$/);
    expect(decodeJwt(String(body['id_token']))).toMatchObject({
      iss: `${stage.server.publicUrl}/oidc/`,
      aud: CLIENT_ID,
      sub: identity.subject,
      email: CANDIDATE,
      email_verified: true,
    });
  });

  it('knows the same person again, and each address as another', async () => {
    const first = await signIn(stage.server, stage.browser, CANDIDATE);
    const again = await signIn(stage.server, new Browser(stage.server), CANDIDATE);
    const other = await signIn(stage.server, new Browser(stage.server), 'nora@example.org');
    const subjects = [first, again, other].map((tokens) => decodeJwt(tokens.access_token).sub);
    expect(subjects[1]).toBe(subjects[0]);
    expect(subjects[2]).not.toBe(subjects[0]);
  });

  it('says of a wrong code how often one may still try, and kills it after five', async () => {
    const { page } = await askForCode();
    const tries: string[] = [];
    for (let n = 1; n <= 5; n++) {
      const reply = await stage.browser.post(`${page}/code`, { code: wrongCode() });
      expect(reply.status).toBe(400);
      tries.push(/role="alert">([^<]+)/.exec(reply.text)?.[1] ?? '');
    }
    expect(tries[0]).toContain('4 times more');
    expect(tries[3]).toContain('once more');
    expect(tries[4]).toContain('ask for a new code');
    const right = await stage.browser.post(`${page}/code`, { code: lastCode(stage.server, CANDIDATE) });
    expect(right.status).toBe(400);
    expect(right.text).toContain('one try too many');
  });

  it('counts tries made at the same time one by one', async () => {
    const { page } = await askForCode();
    const code = wrongCode();
    const replies = await Promise.all(Array.from({ length: 20 }, () => stage.browser.post(`${page}/code`, { code })));
    const stillAlive = replies.filter((reply) => /more\./.test(reply.text));
    expect(stillAlive).toHaveLength(4);
    const right = await stage.browser.post(`${page}/code`, { code: lastCode(stage.server, CANDIDATE) });
    expect(right.status).toBe(400);
  });

  it('signs in once, however often the right code is sent at the same time', async () => {
    const { page } = await askForCode();
    const code = lastCode(stage.server, CANDIDATE);
    const replies = await Promise.all(Array.from({ length: 5 }, () => stage.browser.post(`${page}/code`, { code })));
    expect(replies.filter((reply) => reply.location.includes('/oidc/authorize/'))).toHaveLength(1);
  });

  it('refuses a code that was used, one that expired and one that was replaced', async () => {
    const used = await askForCode();
    const code = lastCode(stage.server, CANDIDATE);
    await stage.browser.post(`${used.page}/code`, { code });
    const again = await stage.browser.post(`${used.page}/code`, { code });
    expect(again.location).not.toContain('/oidc/authorize/');

    const late = await askForCode();
    stage.server.clock.advance(10 * 60_000);
    const expired = await stage.browser.post(`${late.page}/code`, { code: lastCode(stage.server, CANDIDATE) });
    expect(expired.status).toBe(400);
    expect(expired.text).toContain('has expired');

    const twice = await askForCode();
    const old = lastCode(stage.server, CANDIDATE);
    const resent = await stage.browser.post(`${twice.page}/resend`, {});
    expect((await stage.browser.get(resent.location)).text).toContain('A new code is on its way');
    const fresh = lastCode(stage.server, CANDIDATE);
    if (old !== fresh) expect((await stage.browser.post(`${twice.page}/code`, { code: old })).status).toBe(400);
    expect((await stage.browser.post(`${twice.page}/code`, { code: fresh })).location).toContain('/oidc/authorize/');
  });

  it('accepts a code only in the sign-in that asked for it', async () => {
    await askForCode();
    const stolen = lastCode(stage.server, CANDIDATE);
    stage.changeBrowser();
    const other = await askForCode('nora@example.org');
    if (stolen !== lastCode(stage.server, 'nora@example.org')) {
      expect((await stage.browser.post(`${other.page}/code`, { code: stolen })).status).toBe(400);
    }
  });

  it('limits the mails to one address, over a restart too', async () => {
    const { page } = await askForCode();
    for (let n = 2; n <= 10; n++) expect((await stage.browser.post(`${page}/resend`, {})).status).toBe(303);
    const refused = await stage.browser.post(`${page}/resend`, {});
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('Too many codes');
    const mails = stage.server.mailbox.list().length;
    await stage.restart({ now: stage.server.clock.now() });
    stage.changeBrowser();
    const start = await stage.browser.get(authorizeRequest(stage.server).address);
    expect((await stage.browser.post(start.location, { email: CANDIDATE })).status).toBe(429);
    expect(mails).toBe(10);
    expect(stage.server.mailbox.list()).toHaveLength(0);
    stage.server.clock.advance(15 * 60_000);
    expect((await stage.browser.post(start.location, { email: CANDIDATE })).status).toBe(303);
  });
});

describe('the pages', () => {
  it('take the hint for the address and explain a wrong one', async () => {
    const start = await stage.browser.get(authorizeRequest(stage.server, { login_hint: CANDIDATE }).address);
    const page = await stage.browser.get(start.location);
    expect(page.text).toContain(`value="${CANDIDATE}"`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.text).not.toContain('<script');

    const wrong = await stage.browser.post(start.location, { email: '"><b>nobody' });
    expect(wrong.status).toBe(400);
    expect(wrong.text).toContain('aria-invalid="true"');
    expect(wrong.text).toContain('value="&quot;&gt;&lt;b&gt;nobody"');
    expect(stage.server.mailbox.list()).toHaveLength(0);
  });

  it('greet a newcomer as one', async () => {
    const start = await stage.browser.get(authorizeRequest(stage.server, { screen_hint: 'signup' }).address);
    expect((await stage.browser.get(start.location)).text).toContain('Create your account');
  });

  it('refuse a form of another site and another browser', async () => {
    const { page } = await askForCode();
    const code = lastCode(stage.server, CANDIDATE);
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'same-site' }]) {
      expect((await stage.browser.post(`${page}/code`, { code }, headers)).status).toBe(403);
    }
    const stranger = await new Browser(stage.server).post(`${page}/code`, { code });
    expect(stranger.status).toBe(400);
    expect(stranger.text).toContain('is over');
    expect((await stage.browser.post(`${page}/code`, { code })).status).toBe(303);
  });

  it('refuse what is no form, and what is too large', async () => {
    const { page } = await askForCode();
    const json = await stage.browser.post(`${page}/code`, {}, { 'content-type': 'application/json' });
    expect(json.status).toBe(400);
    expect((await stage.browser.post(`${page}/code`, { code: 'x'.repeat(5_000) })).status).toBe(413);
    expect((await stage.browser.get(`${page}/other`)).status).toBe(404);
  });

  it('show the address of a refused request nowhere but on a page of our own', async () => {
    const foreign = authorizeRequest(stage.server, { redirect_uri: 'https://evil.example/callback' });
    const refused = await stage.browser.get(foreign.address);
    expect(refused.status).toBe(400);
    expect(refused.location).toBe('');
    const api = await stage.browser.get(
      authorizeRequest(stage.server, { audience: 'https://other.example/api' }).address,
    );
    expect(new URL(api.location).searchParams.get('error')).toBe('invalid_target');
    const noPkce = new URL(authorizeRequest(stage.server).address);
    noPkce.searchParams.delete('code_challenge');
    noPkce.searchParams.delete('code_challenge_method');
    expect(new URL((await stage.browser.get(noPkce.href)).location).searchParams.get('error')).toBe('invalid_request');
  });
});
