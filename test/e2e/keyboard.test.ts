import { beforeAll, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { DESKTOP, startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';
import { pressByKey, typeByKey } from './pages/keyboard.ts';

let server: TestServer;
let browser: TestBrowser;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' }, viewport: DESKTOP }));
}, 90_000);

test('an interview with the keyboard alone', { timeout: 120_000 }, async () => {
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const { link } = await publishInterview(recruiter, {
    questions: ['One?', 'Two?'].map((text) => ({
      text,
      answerLimitMs: 20_000,
      thinkingTimeMs: 30_000,
      takesAllowed: 2,
    })),
  });
  const { page } = browser;
  const { watch } = new CandidatePage(page, server);
  const email = 'kay@example.org';
  await page.goto(link ?? '');
  await pressByKey(page, /^Sign in/);
  const since = Date.now();
  await typeByKey(page, 'E-mail address', email);
  await page.keyboard.press('Enter');
  await typeByKey(page, 'Code', await server.codeFor(email, since));
  await page.keyboard.press('Enter');
  await typeByKey(page, 'Your name', 'Kay Keyboard');
  await page.keyboard.press('Enter');
  for (const name of [
    'I agree, continue',
    'Check my camera',
    'Everything works',
    'Skip rehearsal',
    'Start interview',
  ]) {
    await pressByKey(page, name);
  }
  await pressByKey(page, 'I am ready');
  await pressByKey(page, 'Start recording', 'Space');
  await watch.waitFor('a take', () => watch.question(1).takes[0]?.state === 'recording');
  await pressByKey(page, 'Stop', 'Space');
  await watch.waitFor('its replay', () => watch.question(1).takes[0]?.state === 'playable');
  await pressByKey(page, 'Use this take');
  await watch.waitFor('the pick', () => watch.question(1).pickId !== null);
  await pressByKey(page, 'Next question');
  await pressByKey(page, 'I am ready');
  await pressByKey(page, 'Skip question');
  await pressByKey(page, 'Skip it');
  await pressByKey(page, 'Submit answers');
  await pressByKey(page, 'Submit now');
  await watch.waitFor('the answers to be stored', (view) => view.state === 'stored', { timeoutMs: 60_000 });
  await page.getByText('It is safe to close this page now.').first().waitFor();
  expect(browser.errors).toEqual([]);
});
