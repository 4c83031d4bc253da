/// <reference lib="dom" />
import type { Page } from 'playwright';
import { beforeAll, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

let server: TestServer;
let browser: TestBrowser;
let link = '';

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const interview = await publishInterview(recruiter, {
    questions: [{ text: 'One?', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 3 }],
  });
  link = interview.link ?? '';
}, 90_000);

/** The camera's and the microphone's track that a page shows. */
const tracksOf = (page: Page) =>
  page.getByLabel('Your camera').evaluateHandle((video) => {
    const { srcObject } = video as HTMLVideoElement;
    return srcObject instanceof MediaStream ? srcObject.getTracks() : [];
  });

test(
  'a second tab goes on with the interview, and the first one lets go of the camera',
  { timeout: 90_000 },
  async () => {
    const first = new CandidatePage(browser.page, server);
    await first.enter(link, { email: 'kim@example.org', name: 'Kim Candidate' });
    await first.check();
    await first.start();
    await first.button('Start recording').click({ trial: true });
    const tracks = await tracksOf(first.page);
    const states = () => tracks.evaluate((all) => all.map(({ readyState }) => readyState));
    expect(await states()).toEqual(['live', 'live']);

    const second = new CandidatePage(await browser.context.newPage(), server);
    await second.page.goto(link);
    await first.page.getByText('The interview is open in another window').first().waitFor();
    await expect.poll(states).toEqual(['ended', 'ended']);

    await second.press('Turn on the camera');
    const timed = await second.answer(1, 1_500);
    expect(timed.take).toMatchObject({ state: 'playable', free: false });

    await first.press('Use here again');
    await second.page.getByText('The interview is open in another window').first().waitFor();
    await first.page.getByText('Question 1 - take 1').first().waitFor();
  },
);
