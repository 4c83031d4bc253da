import { beforeAll, describe, expect, test } from 'vitest';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { CandidatePage } from './pages/candidate.ts';

const THINKING_MS = 60_000;

let server: TestServer;
let browser: TestBrowser;
let candidate: CandidatePage;
let deadlineAt = 0;

const keep = closeAfterAll();
beforeAll(async () => {
  server = await keep(startServer());
  browser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const interview = await publishInterview(recruiter, {
    questions: ['One?', 'Two?'].map((text) => ({
      text,
      answerLimitMs: 30_000,
      thinkingTimeMs: THINKING_MS,
      takesAllowed: 3,
    })),
  });
  candidate = new CandidatePage(browser.page, server);
  await candidate.enter(interview.link ?? '', { email: 'kim@example.org', name: 'Kim Candidate' });
}, 90_000);

/** Leaves the page in both ways; the place, its deadlines and its takes have to be the same afterwards. */
async function leaveAndComeBack(): Promise<void> {
  const place = () => {
    const { state, questions, currentQuestionId, rehearsal } = candidate.watch.view;
    const takes = rehearsal.takes.map(({ id, state: takeState }) => [id, takeState]);
    const shown = questions.map((question) => [
      ...[question.state, question.thinkingEndsAt, question.pickId, question.takesLeft],
      ...question.takes.map(({ id, state: takeState, endsAt }) => [id, takeState, endsAt]),
    ]);
    return { state, deadline: candidate.watch.view.deadlineAt, currentQuestionId, takes, shown };
  };
  const before = place();
  await candidate.reload();
  expect(place()).toEqual(before);
  await candidate.dropSocket();
  expect(place()).toEqual(before);
}

describe('a reload or a lost connection brings back the same place', { timeout: 90_000 }, () => {
  test('before the interview', async () => {
    await candidate.press('I agree, continue');
    await candidate.button('Check my camera').waitFor();
    await leaveAndComeBack();
    await candidate.press('Check my camera');
    await candidate.press('Everything works');
    await candidate.button('Skip rehearsal').waitFor();
    await leaveAndComeBack();
    await candidate.button('Skip rehearsal').waitFor();
  });

  test('while thinking', async () => {
    await candidate.start();
    deadlineAt = candidate.watch.view.deadlineAt ?? 0;
    await candidate.button('I am ready').waitFor();
    await leaveAndComeBack();
    await candidate.press('I am ready');
    await candidate.button('Start recording').waitFor();
  });

  test('a lost connection does not end a take, whose limit stays', async () => {
    const running = await candidate.record(1);
    await candidate.dropSocket();
    expect(candidate.watch.take(1)).toMatchObject({ id: running.id, state: 'recording', endsAt: running.endsAt });
    await candidate.press('Stop');
    expect((await candidate.ended(1, running)).take).toMatchObject({ state: 'playable', free: false });
  });

  test('a reload ends a take, which costs nothing', async () => {
    const running = await candidate.record(1);
    const { takesLeft } = candidate.watch.question(1);
    await candidate.reload();
    const { take } = await candidate.ended(1, running);
    expect(take).toMatchObject({ state: 'interrupted', free: true });
    expect(candidate.watch.question(1).takesLeft).toBe(takesLeft + 1);
    await leaveAndComeBack();
  });

  test('while looking at the takes', async () => {
    await candidate.pick(1, 1);
    await leaveAndComeBack();
    await candidate.page.getByText('Question 1 - take 1').first().waitFor();
  });

  test('and after the submit', async () => {
    await candidate.next();
    await candidate.skip(2);
    await candidate.submit();
    expect(candidate.watch.view.deadlineAt).toBe(deadlineAt);
    await candidate.page.reload();
    await candidate.page
      .getByText(/safe to close|My answers/i)
      .first()
      .waitFor();
  });
});
