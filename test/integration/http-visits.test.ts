import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONSENT_VERSION } from '#protocol/consent.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { GateView, MySessionDetail, SessionDetail, SessionRow } from '#protocol/session.ts';
import { startApp, type TestApp } from './http-app.ts';
import { STORE_START_TIMEOUT_MS } from './http-store.ts';

const HOUR_MS = 3_600_000;

let app: TestApp;
let recruiter: string;
beforeAll(async () => {
  app = await startApp();
  recruiter = (await app.recruiter('recruiter')).token;
}, STORE_START_TIMEOUT_MS);
afterAll(() => app.close(), STORE_START_TIMEOUT_MS);

const look = (token: string, slug: string) => app.call<GateView & ErrorBody>('GET', `/api/i/${slug}`, { token });
const consent = (token: string, slug: string, version = CONSENT_VERSION) =>
  app.call<{ sessionId: string } & ErrorBody>('POST', `/api/i/${slug}/consent`, {
    token,
    body: { version, language: 'en' },
  });

describe('a link', () => {
  test('leads through consent to one session, however often one agrees', async () => {
    const { slug, id } = await app.publish(recruiter, { contact: 'hr@acme.example' });
    const { token, me } = await app.person('ann');
    const first = await look(token, slug);
    expect(first.body).toMatchObject({ status: 'open', organisation: 'Organisation of recruiter', sessionId: null });
    expect(first.body).toMatchObject({ email: 'ann@example.org', contact: 'hr@acme.example' });
    expect(first.body.details?.consent.version).toBe(CONSENT_VERSION);
    const agreed = await Promise.all([consent(token, slug), consent(token, slug), consent(token, slug)]);
    expect(agreed.map((reply) => reply.status)).toEqual([200, 200, 200]);
    const ids = new Set(agreed.map((reply) => reply.body.sessionId));
    expect(ids.size).toBe(1);
    const [sessionId] = ids;
    expect((await look(token, slug)).body).toMatchObject({ status: 'resume', sessionId, sessionState: 'consented' });
    const mine = await app.call<MySessionDetail>('GET', `/api/my/sessions/${sessionId ?? ''}`, { token });
    expect(mine.body).toMatchObject({ id: sessionId, slug, title: 'Engineer', state: 'consented', answers: [] });
    const rows = await app.call<{ items: SessionRow[] }>('GET', `/api/interviews/${id}/sessions`, { token: recruiter });
    expect(rows.body.items).toMatchObject([{ id: sessionId, name: me.name, email: me.email, attempt: 1 }]);
  });

  test.each([
    [
      'an address that was not invited',
      { access: { kind: 'addresses' as const, addresses: ['eve@example.org'] } },
      'not_allowed',
    ],
    ['before the opening', { opensAt: Date.now() + HOUR_MS }, 'not_open_yet'],
    ['after the closing', { closesAt: Date.now() - HOUR_MS }, 'closed'],
  ])('is shut for %s', async (_title, changes, status) => {
    const { slug } = await app.publish(recruiter, changes);
    const { token } = await app.person('bob');
    expect((await look(token, slug)).body).toMatchObject({ status, details: null, title: 'Engineer' });
    expect((await consent(token, slug)).body.code).toBe(status);
    expect(app.records.some((record) => record.interview.slug === slug)).toBe(false);
  });

  test('asks again for a consent whose text has changed', async () => {
    const { slug } = await app.publish(recruiter);
    const { token } = await app.person('carl');
    expect((await consent(token, slug, '2020-01-01')).body.code).toBe('consent_outdated');
    expect((await look(token, slug)).body.status).toBe('open');
  });

  test('gives as many attempts as the interview has', async () => {
    const { slug } = await app.publish(recruiter, { attemptsAllowed: 2 });
    const { token } = await app.person('dora');
    const seen: string[] = [];
    for (const attempt of [1, 2]) {
      const { sessionId } = (await consent(token, slug)).body;
      seen.push(sessionId);
      const record = app.records.find(({ id }) => id === sessionId);
      expect(record?.attempt).toBe(attempt);
      if (record) Object.assign(record, { state: 'stored', startedAt: 1, submittedAt: 2, storedAt: 3 });
    }
    expect(new Set(seen).size).toBe(2);
    expect((await consent(token, slug)).body.code).toBe('attempts_used');
    expect((await look(token, slug)).body).toMatchObject({ status: 'finished', sessionId: seen[1] });
  });

  test('that was deleted or never was leads nowhere', async () => {
    const { slug, id } = await app.publish(recruiter);
    const { token } = await app.person('emil');
    expect((await app.call('DELETE', `/api/interviews/${id}`, { token: recruiter })).status).toBe(200);
    for (const wrong of [slug, 'AAAAAAAAAAAAAAAAAAAAAA', 'short']) {
      expect((await look(token, wrong)).body.code).toBe('not_found');
      expect((await consent(token, wrong)).body.code).toBe('not_found');
    }
  });
});

test("deleting a candidate's answers leaves the row, which says so", async () => {
  const { slug } = await app.publish(recruiter);
  const { token } = await app.person('fred');
  const { sessionId } = (await consent(token, slug)).body;
  const gone = await app.call<SessionDetail>('DELETE', `/api/sessions/${sessionId}/answers`, { token: recruiter });
  expect(gone.body.answersDeletedAt).not.toBeNull();
  const again = await app.call<SessionDetail>('GET', `/api/sessions/${sessionId}`, { token: recruiter });
  expect(again.body).toMatchObject({ id: sessionId, name: 'The fred', answersDeletedAt: gone.body.answersDeletedAt });
});
