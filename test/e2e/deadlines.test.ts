import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { publishInterview, signInByHttp, type Api } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startBrowser } from '#test/support/browser.ts';
import { wallSpan } from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { filesIn } from '#test/support/files.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

/** The shortest that the product allows. */
const LIMIT_MS = 20_000;
const TOTAL_MS = 60_000;
const TOLERANCE_MS = 250;

let server: TestServer;
let recruiter: Api;
const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
}, 90_000);

async function begin(clockShiftMs: number, email: string) {
  const interview = await publishInterview(recruiter, {
    questions: ['One?', 'Two?'].map((text) => ({
      text,
      answerLimitMs: LIMIT_MS,
      thinkingTimeMs: 0,
      takesAllowed: 2,
    })),
    totalTimeMs: TOTAL_MS,
  });
  const browser = await keep(startBrowser({ camera: { variant: 'portrait', clockShiftMs } }));
  const candidate = new CandidatePage(browser.page, server);
  await candidate.enter(interview.link ?? '', { email, name: 'Kim Candidate' });
  await candidate.check();
  await candidate.start();
  const { startedAt, deadlineAt } = candidate.watch.view;
  expect((deadlineAt ?? 0) - (startedAt ?? 0)).toBe(TOTAL_MS);
  return { browser, candidate, deadlineAt: deadlineAt ?? 0 };
}

/** The instants that the first and last frame of a question's saved answer show. */
async function savedSpan(candidate: CandidatePage, question: number): Promise<{ firstMs: number; lastMs: number }> {
  const { id } = candidate.watch.question(question);
  const found = (await filesIn(server.videosDir)).find(({ file }) => file.includes(id));
  return wallSpan((await readContent(found?.file ?? `no video of question ${question}`)).frames);
}

const expectNear = (instant: number, expected: number) =>
  expect(Math.abs(instant - expected), `${instant} against ${expected}`).toBeLessThan(TOLERANCE_MS);

describe('the clock is the server’s', { timeout: 150_000 }, () => {
  test('with a client an hour off that never says stop', async () => {
    const { browser, candidate, deadlineAt } = await begin(3_600_000, 'early@example.org');
    try {
      const limited = await candidate.ended(1, await candidate.record(1));
      expect(limited.take.stopReason).toBe('limit');
      expectNear(limited.stoppedAt, limited.goAt + LIMIT_MS);
      await candidate.next();
      // The second take's limit would end after the interview.
      const until = deadlineAt - LIMIT_MS + 6_000;
      await delay(Math.max(0, until - Date.now()));
      const cut = await candidate.record(2);
      expect(cut.endsAt).toBe(deadlineAt);
      const ended = await candidate.ended(2, cut, TOTAL_MS);
      expect(ended.take.stopReason).toBe('deadline');
      expectNear(ended.stoppedAt, deadlineAt);
      expectNear(candidate.watch.view.submittedAt ?? 0, deadlineAt);
      await candidate.stored();
      expectNear((await savedSpan(candidate, 1)).lastMs, limited.goAt + LIMIT_MS);
      expectNear((await savedSpan(candidate, 2)).lastMs, deadlineAt);
    } finally {
      await browser.close();
    }
  });

  test('also when it was killed in the middle of an answer and started again', async () => {
    const { browser, candidate, deadlineAt } = await begin(-3_600_000, 'late@example.org');
    try {
      const broken = await candidate.record(1);
      await delay(3_000);
      await server.kill();
      const killedAt = Date.now();
      const from = candidate.watch.seen.length;
      await server.start();
      const downMs = Date.now() - killedAt;
      const back = await candidate.watch.waitFor('the same place again', () => true, { from });
      const adjusted = back.view.deadlineAt ?? 0;
      const given = adjusted - deadlineAt;
      expect(Math.abs(given - downMs), `${given} given back for ${downMs}`).toBeLessThan(1_000);
      await candidate.watch.waitFor('the broken take', () => candidate.watch.take(1, 1).state === 'interrupted');
      expect(candidate.watch.take(1, 1)).toMatchObject({ id: broken.id, free: true });
      expect(candidate.watch.question(1).takesLeft).toBe(2);

      const limited = await candidate.ended(1, await candidate.record(1));
      expect(limited.take.stopReason).toBe('limit');
      expectNear(limited.stoppedAt, limited.goAt + LIMIT_MS);
      await candidate.pick(1, 1);
      await candidate.watch.waitFor('the submit', (view) => view.submittedAt !== null, { timeoutMs: TOTAL_MS });
      expectNear(candidate.watch.view.submittedAt ?? 0, adjusted);
      await candidate.stored();
      const span = await savedSpan(candidate, 1);
      expect(Math.abs(span.firstMs - broken.goAt)).toBeLessThan(200);
      expect(span.lastMs, 'a crash loses a second at most').toBeGreaterThan(killedAt - 1_100);
    } finally {
      await browser.close();
    }
  });
});
