import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { writeFakeDeviceFiles } from '#test/fixtures/synthetic.ts';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { median, readable } from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { probeStreams } from '#test/support/decode.ts';
import { filesIn } from '#test/support/files.ts';
import { isUpright, measureAspect, readPictureAt } from '#test/support/picture.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

const FILE_SECONDS = 10;
const FRAMES_PER_SECOND = 30;
const FILE_FRAMES = FILE_SECONDS * FRAMES_PER_SECOND;
const ANSWER_MS = 5_000;

let server: TestServer;
let browser: TestBrowser;

const keep = closeAfterAll();
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goodtake-devices-'));
  await keep(Promise.resolve({ close: () => rm(folder, { recursive: true, force: true }) }));
  server = await keep(startServer());
  browser = await keep(startBrowser({ fakeDevice: await writeFakeDeviceFiles(folder, FILE_SECONDS) }));
}, 90_000);

test(
  'an answer given with the browser’s own getUserMedia is what the devices showed',
  { timeout: 90_000 },
  async () => {
    const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
    const { link } = await publishInterview(recruiter, {
      questions: [{ text: 'One?', answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 1 }],
    });
    const candidate = new CandidatePage(browser.page, server);
    await candidate.enter(link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
    await candidate.check();
    await candidate.start();
    const timed = await candidate.answer(1, ANSWER_MS);
    await candidate.submit();

    const [video] = await filesIn(server.videosDir);
    const file = video?.file ?? 'no video';
    const { durationMs, ...streams } = await probeStreams(file);
    expect([streams.video?.codec, streams.audio?.codec]).toEqual(['h264', 'aac']);
    expect((streams.video?.width ?? 0) * 16).toBe((streams.video?.height ?? 0) * 9);
    // How exact a take is, is measured with the test's own camera, which is on time.
    expect(Math.abs(durationMs - (timed.stoppedAt - timed.goAt))).toBeLessThan(1_000);

    const content = await readContent(file, (FILE_SECONDS * 1000) / 2);
    const frames = readable(content.frames);
    expect(frames.length / content.frames.length).toBeGreaterThan(0.97);
    // The file is played over and over: the counter goes on by small steps. Chromium plays it late where it lacks the
    // processor, never early.
    const steps = frames.slice(1).map((frame, i) => modulo(frame.counter - (frames[i]?.counter ?? 0)));
    expect(steps.filter((step) => step === 0 || step > FRAMES_PER_SECOND / 2)).toEqual([]);
    const shownMs = (steps.reduce((sum, step) => sum + step, 0) * 1000) / FRAMES_PER_SECOND;
    const lastedMs = (frames.at(-1)?.ptsMs ?? 0) - (frames[0]?.ptsMs ?? 0);
    expect(shownMs).toBeLessThan(lastedMs + 200);
    expect(shownMs).toBeGreaterThan(lastedMs / 2);
    const between = content.beeps.slice(1).map((beep, i) => beep.ptsMs - (content.beeps[i]?.ptsMs ?? 0));
    expect(between.length).toBeGreaterThanOrEqual(3);
    expect(Math.abs(median(between) - 1000)).toBeLessThan(30);

    const picture = await readPictureAt(file, durationMs / 2);
    expect(isUpright(picture)).toBe(true);
    expect(Math.abs(measureAspect(picture) - 1)).toBeLessThan(0.04);
  },
);

const modulo = (frames: number) => (frames + FILE_FRAMES) % FILE_FRAMES;
