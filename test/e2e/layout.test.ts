import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { DESKTOP, PHONE, startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { snap } from '#test/support/snap.ts';
import { CandidatePage } from './pages/candidate.ts';
import { expectToFit } from './pages/layout.ts';
import { RecruiterPage } from './pages/recruiter.ts';
import { signIn } from './pages/sign-in.ts';
import { makeSitter } from './pages/sitter.ts';

const RECRUITER = { email: 'rita@example.org', name: 'Rita Recruiter' };
const TEXTS = [
  'What would you do with a dough that has risen for too long?',
  'Why do you like to work at night?',
  'What would you like to learn from us?',
];
const TAKE_MS = 1_500;

let folder = '';
let server: TestServer;
let browser: TestBrowser;
let recruiterBrowser: TestBrowser;

const keep = closeAfterAll();
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-sitter-'));
  server = await keep(startServer());
  browser = await keep(startBrowser({ fakeDevice: await makeSitter(folder) }));
  recruiterBrowser = await keep(startBrowser({ viewport: DESKTOP }));
}, 90_000);

test("a candidate's pages fit small and large screens", { timeout: 120_000 }, async () => {
  const recruiter = await signInByHttp(server, RECRUITER.email, { name: RECRUITER.name, organisation: 'Crust & Co' });
  const { link } = await publishInterview(recruiter, {
    title: 'Baker for the night shift',
    questions: TEXTS.map((text) => ({ text, answerLimitMs: 30_000, thinkingTimeMs: 30_000, takesAllowed: 3 })),
  });
  const { page } = browser;
  const candidate = new CandidatePage(page, server);
  const fits = (what: string) => expectToFit(page, what);

  await page.goto(link ?? '');
  await candidate.button('Sign in').waitFor();
  await fits('the invitation');
  await candidate.enter(link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
  await fits('the consent');
  await candidate.press('I agree, continue');
  await candidate.button('Check my camera').waitFor();
  await fits('the question for the camera');
  await candidate.press('Check my camera');
  await candidate.button('Everything works').click({ trial: true });
  await fits('the check');
  await candidate.press('Everything works');
  await candidate.button('Start rehearsal').click({ trial: true });
  await fits('the rehearsal');
  await candidate.rehearse(TAKE_MS);
  await fits('its replay');
  await candidate.start();
  await candidate.button('I am ready').waitFor();
  await fits('the thinking time');

  const running = await candidate.record(1);
  await candidate.button('Stop').waitFor();
  await fits('a take');
  await page.getByText('Speak now', { exact: true }).waitFor({ state: 'hidden' });
  await snap(page, 'candidate-recording', 'phone');
  await candidate.stop(1, running, 3 * TAKE_MS);
  await candidate.button('Use this take').waitFor();
  await fits('a replay');
  await candidate.answer(1, 2 * TAKE_MS);
  await candidate.pick(1, 2);
  await fits('two takes');
  for (const question of [2, 3]) {
    await candidate.next();
    await candidate.answer(question, TAKE_MS);
  }
  await candidate.press('Review and submit');
  await candidate.button('Submit answers').waitFor();
  await fits('the summary');
  await candidate.submit();
  await fits('the end');
});

test("a recruiter's pages fit small and large screens", { timeout: 60_000 }, async () => {
  const { page } = recruiterBrowser;
  const recruiter = new RecruiterPage(page, server);
  const fits = (what: string) => expectToFit(page, what);

  await page.goto(`${server.url}/recruiter`);
  const interview = page.getByRole('link', { name: /^Baker/ });
  await signIn(page, server, { ...RECRUITER, arrived: () => interview.waitFor() });
  await fits('the interviews');
  await interview.click();
  await page.getByRole('link', { name: /^Kim/ }).waitFor();
  await fits('the candidates');
  await page.getByRole('link', { name: 'Interview', exact: true }).click();
  await page.getByLabel('Title').waitFor();
  await fits('the editor');
  await recruiter.openCandidate('Kim Candidate');
  await fits('the answers');
  await snap(page, 'recruiter-answers', 'desktop');
  await page.goto(`${server.url}/recruiter/interviews/new`);
  await page.getByLabel('Title').waitFor();
  await fits('a new interview');
  expect([...browser.errors, ...recruiterBrowser.errors]).toEqual([]);
});

test('the longest question leaves the picture with REC and time in view', { timeout: 60_000 }, async () => {
  const recruiter = await signInByHttp(server, RECRUITER.email, { name: RECRUITER.name });
  const text = 'What would you do with this dough? '.repeat(29).slice(0, 1000);
  const { link } = await publishInterview(recruiter, {
    title: 'Baker who reads',
    questions: [{ text, answerLimitMs: 30_000, thinkingTimeMs: 0, takesAllowed: 1 }],
  });
  const { page } = browser;
  const candidate = new CandidatePage(page, server);
  await page.goto(link ?? '');
  await candidate.check();
  await candidate.start();
  await candidate.record(1);
  const seen = [
    page.getByText('REC', { exact: true }).last(),
    page.getByRole('timer', { name: 'Time left for this take' }),
    candidate.button('Stop'),
  ];
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    for (const one of seen) {
      const box = await one.boundingBox();
      expect(box && box.y >= 0 && box.y + box.height <= size.height, `${one.toString()} at ${size.width} px`).toBe(
        true,
      );
    }
  }
  const question = page.getByRole('heading', { name: /^What would you do/ });
  await question.press('End');
  await expect.poll(() => question.evaluate((heading) => heading.parentElement?.scrollTop)).toBeGreaterThan(0);
  await page.setViewportSize(PHONE);
  await candidate.press('Stop');
  await candidate.press('Withdraw');
  await candidate.press('Withdraw and delete');
  await page.getByText('You have withdrawn').first().waitFor();
});
