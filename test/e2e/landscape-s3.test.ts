import { beforeAll, expect, test } from 'vitest';
import { s3Settings, startS3Server, type S3Server } from '#test/fixtures/s3-server.ts';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { expectAnswer } from '#test/support/expect-answer.ts';
import { filesIn } from '#test/support/files.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

let s3: S3Server;
let server: TestServer;
let browser: TestBrowser;

const keep = closeAfterAll();
beforeAll(async () => {
  s3 = await keep(startS3Server());
  server = await keep(startServer({ env: s3Settings(s3) }));
  browser = await keep(startBrowser({ camera: { variant: 'landscape' } }));
}, 90_000);

test('a landscape camera gives portrait answers, cropped, in a real S3 bucket', { timeout: 120_000 }, async () => {
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const interview = await publishInterview(recruiter, {
    questions: ['One?', 'Two?'].map((text) => ({ text, answerLimitMs: 20_000, thinkingTimeMs: 0, takesAllowed: 2 })),
  });
  const candidate = new CandidatePage(browser.page, server);
  await candidate.enter(interview.link ?? '', { email: 'lee@example.org', name: 'Lee Landscape' });
  await candidate.check();
  await candidate.start();
  await candidate.answer(1, 2_000);
  const first = await candidate.answer(1, 4_000);
  await candidate.pick(1, 2);
  await candidate.next();
  const second = await candidate.answer(2, 3_000);
  await candidate.pick(2, 1);
  await candidate.submit();

  const objects = (await filesIn(s3.folder)).filter(({ file }) => file.endsWith('.mp4'));
  expect(objects).toHaveLength(2);
  expect(await filesIn(server.takesDir)).toEqual([]);
  expect(await filesIn(server.videosDir)).toEqual([]);
  for (const [index, timed] of [first, second].entries()) {
    const { id } = candidate.watch.question(index + 1);
    const object = objects.find(({ file }) => file.toLowerCase().includes(id.toLowerCase()));
    await expectAnswer(object?.file ?? `no object of question ${index + 1}`, timed, { transcoded: true });
  }

  const { items } = await recruiter.call('listSessions', { params: { id: interview.id } });
  const detail = await recruiter.call('getSession', { params: { id: items[0]?.id ?? '' } });
  for (const answer of detail.answers) {
    const reply = await fetch(new URL(answer.url ?? '', server.url));
    expect(reply.headers.get('content-type')).toBe('video/mp4');
    expect((await reply.arrayBuffer()).byteLength).toBe(answer.bytes);
  }
});
