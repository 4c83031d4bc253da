/// <reference lib="dom" />
import { beforeAll, expect, test } from 'vitest';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { filesIn } from '#test/support/files.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';
import { RecruiterPage } from './pages/recruiter.ts';

const VIDEO = /\.(mp4|webm)$/;

let server: TestServer;
let recruiterBrowser: TestBrowser;
let recruiter: RecruiterPage;
let link = '';

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  recruiterBrowser = await keep(startBrowser());
  recruiter = new RecruiterPage(recruiterBrowser.page, server);
  await recruiter.begin({ email: 'rita@example.org', name: 'Rita Recruiter', organisation: 'Crust & Co' });
  link = await recruiter.makeInterview({
    title: 'Baker',
    questions: [{ text: 'Why bread?', limit: '20 seconds' }],
    minutes: 10,
  });
}, 120_000);

const videosIn = async (folder: string) => (await filesIn(folder)).filter(({ file }) => VIDEO.test(file));

/** A candidate in a browser of their own, who has recorded one take. */
async function answerOnce(person: { email: string; name: string }): Promise<CandidatePage> {
  const browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
  const candidate = new CandidatePage(browser.page, server);
  await candidate.enter(link, person);
  await candidate.check();
  await candidate.start();
  await candidate.answer(1, 1_500);
  return candidate;
}

test('whoever withdraws is told that all is deleted when it is', { timeout: 90_000 }, async () => {
  const candidate = await answerOnce({ email: 'kim@example.org', name: 'Kim Candidate' });
  expect(await videosIn(server.takesDir)).not.toEqual([]);
  await candidate.press('Withdraw');
  await candidate.press('Withdraw and delete');
  await candidate.page.getByText('Everything you had recorded was deleted').waitFor();
  expect(await videosIn(server.takesDir)).toEqual([]);
  expect(candidate.watch.view).toMatchObject({ state: 'withdrawn', erasing: false });
  await candidate.page.reload();
  await candidate.page.getByText('You have withdrawn').first().waitFor();
});

test('answers that the recruiter deletes are gone from the storage', { timeout: 120_000 }, async () => {
  const candidate = await answerOnce({ email: 'lou@example.org', name: 'Lou Candidate' });
  await candidate.submit();
  expect(await videosIn(server.videosDir)).toHaveLength(1);

  await recruiter.openCandidate('Lou Candidate');
  const { page } = recruiter;
  await page.getByRole('button', { name: 'Delete the answers' }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByText('The answers were deleted').first().waitFor();
  expect(await videosIn(server.videosDir)).toEqual([]);
  await page.getByRole('button', { name: 'Delete the answers' }).waitFor({ state: 'detached' });

  await candidate.page.getByRole('link', { name: 'My answers' }).first().click();
  await candidate.page.getByText('Deleted', { exact: true }).waitFor();

  // No page goes on to say that there are answers.
  for (const [path, text] of [
    ['/me', 'Answers deleted'],
    [new URL(link).pathname, 'Crust & Co had your answers deleted: nothing of them is left.'],
  ] as const) {
    await candidate.page.goto(`${server.url}${path}`);
    await candidate.page.getByText(text).first().waitFor();
    expect(await candidate.page.getByRole('link', { name: /^Watch/ }).count()).toBe(0);
  }
  await page.getByText('Answers deleted').first().waitFor();
  await page.getByRole('link', { name: 'Baker' }).first().click();
  await page.getByRole('link', { name: /Lou Candidate.*Answers deleted/ }).waitFor();
  await page.goto(`${server.url}/recruiter`);
  await page.getByText('0 candidates with saved answers').waitFor();
});
