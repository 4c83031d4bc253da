/// <reference lib="dom" />
import { beforeAll, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

let server: TestServer;
let browser: TestBrowser;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
}, 90_000);

test(
  'a browser that does not play Opus in MP4 replays the copy that plays everywhere',
  { timeout: 90_000 },
  async () => {
    await browser.context.addInitScript(() => {
      HTMLMediaElement.prototype.canPlayType = () => '';
    });
    const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
    const { link } = await publishInterview(recruiter, {
      questions: [{ text: 'One?', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 1 }],
    });
    const candidate = new CandidatePage(browser.page, server);
    await candidate.enter(link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
    await candidate.check();
    await candidate.rehearse(2_000);
    const player = candidate.page.getByLabel('Rehearsal', { exact: true });
    const played = await player.evaluate(async (element) => {
      const video = element as HTMLVideoElement;
      // Nothing of it is loaded unless the browser could read it.
      if (video.readyState < HTMLMediaElement.HAVE_METADATA)
        await new Promise((resolve) => video.addEventListener('loadedmetadata', resolve, { once: true }));
      return { query: new URL(video.currentSrc).search, durationMs: video.duration * 1000 };
    });
    expect(played.query).toBe('?play=everywhere');
    expect(played.durationMs).toBeGreaterThan(1_500);
  },
);
