import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

let server: TestServer;
let browser: TestBrowser;
let candidate: CandidatePage;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const { link } = await publishInterview(recruiter);
  candidate = new CandidatePage(browser.page, server);
  await candidate.enter(link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
  await candidate.press('I agree, continue');
}, 90_000);
beforeEach(async () => void (await candidate.reload()));

describe('a camera that does not serve', { timeout: 60_000 }, () => {
  test('black pictures are noticed and said', async () => {
    await candidate.useCamera('black');
    await candidate.press('Check my camera');
    await candidate.page.getByText('The picture is black').waitFor();
    expect(await candidate.button('Everything works').isVisible()).toBe(false);
    expect(await candidate.button('It is only dark here, continue').isVisible()).toBe(true);
  });

  test.each([
    ['denied', 'Camera and microphone are not allowed'],
    ['missing', /^No .* was found$/],
    ['busy', /^The .* is in use$/],
  ] as const)('%s is said, and there is a way out', async (variant, words) => {
    await candidate.useCamera(variant);
    await candidate.press('Check my camera');
    await candidate.page.getByText(words).first().waitFor();
    expect(await candidate.button('Everything works').isVisible()).toBe(false);
    await candidate.useCamera('portrait');
    await candidate.page.getByRole('button', { name: 'Try again' }).click();
    await candidate.button('Everything works').waitFor();
  });
});
