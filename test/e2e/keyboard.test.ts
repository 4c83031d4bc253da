import { beforeAll, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { DESKTOP, startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';
import { buttonOf, focusIsLost, followByKey, hasFocus, pressByKey, tabTo, typeByKey } from './pages/keyboard.ts';
import { signIn } from './pages/sign-in.ts';

const RECRUITER = { email: 'rita@example.org', name: 'Rita Recruiter' };

let server: TestServer;
let browser: TestBrowser;
let recruiterBrowser: TestBrowser;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' }, viewport: DESKTOP }));
  recruiterBrowser = await keep(startBrowser({ viewport: DESKTOP }));
}, 90_000);

test('an interview with the keyboard alone', { timeout: 120_000 }, async () => {
  const recruiter = await signInByHttp(server, RECRUITER.email, { name: RECRUITER.name, organisation: 'Crust & Co' });
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

test('an interview is written and published with the keyboard alone', { timeout: 60_000 }, async () => {
  const { page } = recruiterBrowser;
  await page.goto(`${server.url}/recruiter`);
  await signIn(page, server, {
    ...RECRUITER,
    arrived: () => page.getByRole('heading', { name: 'Interviews' }).waitFor(),
  });
  await followByKey(page, 'New interview');
  await typeByKey(page, 'Title', 'Cook');
  await typeByKey(page, 'Text of question 1', 'Why soup?');
  await pressByKey(page, 'Add a question');
  await expect.poll(() => hasFocus(page.getByLabel('Text of question 2'))).toBe(true);
  await page.keyboard.type('Why salt?');
  await pressByKey(page, 'Move question 2 up');
  await expect.poll(() => page.getByLabel('Text of question 1').inputValue()).toBe('Why salt?');
  expect(await focusIsLost(page)).toBe(false);
  await pressByKey(page, 'Remove question 1');
  await expect.poll(() => hasFocus(page.getByLabel('Text of question 1'))).toBe(true);
  await pressByKey(page, 'Undo');
  await page.getByLabel('Text of question 2').waitFor();
  await expect.poll(() => focusIsLost(page)).toBe(false);

  const asking = page.getByRole('dialog', { name: 'Publish this interview?' });
  await pressByKey(page, 'Publish');
  await asking.waitFor();
  await page.keyboard.press('Escape');
  await asking.waitFor({ state: 'hidden' });
  await expect.poll(() => focusIsLost(page)).toBe(false);
  await pressByKey(page, 'Publish');
  await asking.waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => hasFocus(buttonOf(page, 'Publish'))).toBe(true);
  await page.keyboard.press('Enter');
  await asking.waitFor();
  await tabTo(page, asking.getByRole('button', { name: 'Publish' }));
  await page.keyboard.press('Enter');
  await pressByKey(page, 'Done');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await expect.poll(() => focusIsLost(page)).toBe(false);
});

test('answers are watched and deleted with the keyboard alone', { timeout: 60_000 }, async () => {
  const { page } = recruiterBrowser;
  await page.goto(`${server.url}/recruiter`);
  await followByKey(page, /^Baker/);
  await followByKey(page, /^Kay Keyboard/);
  const player = page.getByLabel('Answer to question 1');
  await tabTo(page, player);
  await page.keyboard.press('Space');
  await expect.poll(() => player.evaluate((video) => (video as HTMLVideoElement).currentTime)).toBeGreaterThan(0);
  await page.keyboard.press('Space');

  await pressByKey(page, 'Delete the answers');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => hasFocus(buttonOf(page, 'Delete the answers'))).toBe(true);
  await page.keyboard.press('Enter');
  await pressByKey(page, 'Delete for good');
  await page.getByText('The answers were deleted').waitFor();
  await expect.poll(() => focusIsLost(page)).toBe(false);
  expect(recruiterBrowser.errors).toEqual([]);
});
