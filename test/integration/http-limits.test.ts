import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { AppError } from '#protocol/errors.ts';
import { systemClock } from '#server/clock.ts';
import { createHttp } from '#server/http/http.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '#server/http/rate-limits.ts';
import { createLogger } from '#server/log.ts';
import { createMediaUrls } from '#server/media-urls.ts';
import { idleHandlers } from './http-idle-handlers.ts';
import { callServer, makeFolder, portOf, PUBLIC_URL } from './http-harness.ts';

const urls = createMediaUrls({ secret: 'x'.repeat(32), ttlMs: 60_000, clock: systemClock });
let home: Awaited<ReturnType<typeof makeFolder>>;
let app: FastifyInstance;

beforeEach(async () => {
  home = await makeFolder();
});
afterEach(async () => {
  await app.close();
  await home.remove();
});

/** The HTTP server; the token is the subject, and the proxy in front is believed. */
async function start(limits: Partial<HttpLimits> = {}) {
  const account = { id: 'a'.repeat(24), issuer: 'i', subject: 's', email: 'ann@example.org', name: 'Ann', phone: null };
  app = await createHttp({
    ...{ publicUrl: PUBLIC_URL, issuerOrigin: PUBLIC_URL, trustProxy: ['loopback'], webRoot: null },
    mounts: [
      (request, response) => {
        if (request.url !== '/oidc/authorize') return false;
        response.end('issuer');
        return true;
      },
    ],
    ...{ handlers: idleHandlers(), checks: {}, log: createLogger('silent') },
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
    people: {
      account: () => Promise.resolve(account),
      person: () => Promise.resolve(account),
      recruiter: () => Promise.reject(new AppError('not_recruiter', 'No.')),
    },
    verify: (subject) =>
      subject === 'forged'
        ? Promise.reject(new AppError('unauthenticated', 'Please sign in.'))
        : Promise.resolve({ ...account, subject, emailVerified: true, expiresAt: Date.now() + 60_000 }),
    media: {
      urls,
      storage: createFolderStorage({ directory: join(home.folder, 'storage') }),
      replays: { open: () => Promise.resolve(null) },
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
}

const call = (path: string, client: string, token?: string) =>
  callServer<{ code?: string }>(portOf(app.server), 'GET', path, { token, headers: { 'x-forwarded-for': client } });

/** Statuses of calls made one after the other. */
async function statuses(times: number, path: string, client: string, token?: string): Promise<number[]> {
  const seen = [];
  for (let n = 0; n < times; n++) seen.push((await call(path, client, token)).status);
  return seen;
}

test('an account that asks too often has to wait, from wherever it asks; others do not', async () => {
  await start({ perAccount: 3 });
  expect(await statuses(2, '/api/me', '192.0.2.1', 'ann')).toEqual([200, 200]);
  expect(await statuses(2, '/api/me', '192.0.2.2', 'ann')).toEqual([200, 429]);
  const refused = await call('/api/me', '192.0.2.3', 'ann');
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ code: 'rate_limited', status: 429 });
  expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
  expect(await statuses(1, '/api/me', '192.0.2.1', 'bob')).toEqual([200]);
});

test('a client that asks too often has to wait, with or without a token, or with a forged one', async () => {
  await start({ perClient: 4 });
  expect(await statuses(1, '/api/config', '192.0.2.1')).toEqual([200]);
  expect(await statuses(1, '/api/me', '192.0.2.1', 'ann')).toEqual([200]);
  expect(await statuses(1, '/nothing', '192.0.2.1')).toEqual([404]);
  expect(await statuses(3, '/api/me', '192.0.2.1', 'forged')).toEqual([401, 429, 429]);
  expect(await statuses(1, '/oidc/authorize', '192.0.2.1')).toEqual([429]);
  expect(await statuses(1, '/oidc/authorize', '192.0.2.2')).toEqual([200]);
  // One subscriber, many addresses.
  for (let n = 0; n < 4; n++) await call('/api/config', `2001:db8:1:2::${n}`);
  expect(await statuses(1, '/api/config', '2001:db8:1:2:ffff::9')).toEqual([429]);
  expect(await statuses(1, '/api/config', '2001:db8:1:3::1')).toEqual([200]);
});

test('videos are counted apart', async () => {
  await start({ perClient: 1, mediaPerClient: 3 });
  const video = urls.sign({ kind: 'stored', key: 'answers/gone.mp4' });
  expect(await statuses(4, video, '192.0.2.1')).toEqual([404, 404, 404, 429]);
  expect(await statuses(2, '/api/config', '192.0.2.1')).toEqual([200, 429]);
});

test("a recruiter's page with fifty videos, each read in ten parts, is far below every limit", async () => {
  await start();
  const video = urls.sign({ kind: 'stored', key: 'answers/gone.mp4' });
  const parts = await Promise.all(Array.from({ length: 10 }, () => statuses(50, video, '192.0.2.1')));
  expect(new Set(parts.flat())).toEqual(new Set([404]));
  expect(await statuses(20, '/api/me', '192.0.2.1', 'ann')).toEqual(Array.from({ length: 20 }, () => 200));
});
