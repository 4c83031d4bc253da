import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { DESKTOP, profileBytes, startBrowser, videosInProfile, type TestBrowser } from '#test/support/browser.ts';
import { closeAfterAll } from '#test/support/cleanup.ts';
import { expectAnswer } from '#test/support/expect-answer.ts';
import { filesIn } from '#test/support/files.ts';
import type { TestServer } from '#test/support/server.ts';
import { CandidatePage, type TimedTake } from './pages/candidate.ts';
import { RecruiterPage } from './pages/recruiter.ts';

const TEXTS = ['Who are you?', 'Why bread?', 'What comes next?'];
/** More than a browser keeps of pages and scripts while it runs, less than one take has. */
const PROFILE_GROWTH_BYTES = 400_000;

export interface StoryOptions {
  /** Starts the product and says where its storage keeps the videos as plain files. Closed after the tests. */
  start: () => Promise<{ server: TestServer; videosDir: string; close: () => Promise<void> }>;
}

/**
 * The product's main job, told once for each kind of storage: an interview is made, taken and watched, each by a person
 * in a browser. What happens in one test is the ground of the next.
 */
export function tellMainStory({ start }: StoryOptions): void {
  let server: TestServer;
  let videosDir: string;
  let recruiterBrowser: TestBrowser;
  let candidateBrowser: TestBrowser;
  let recruiter: RecruiterPage;
  let candidate: CandidatePage;
  const picked: TimedTake[] = [];
  const taken: TimedTake[] = [];
  let link = '';
  let profileBefore = 0;

  const keep = closeAfterAll();
  beforeAll(async () => {
    ({ server, videosDir } = await keep(start()));
    recruiterBrowser = await keep(startBrowser({ viewport: DESKTOP }));
    candidateBrowser = await keep(startBrowser({ camera: { variant: 'portrait' } }));
    recruiter = new RecruiterPage(recruiterBrowser.page, server);
    candidate = new CandidatePage(candidateBrowser.page, server);
  }, 90_000);

  describe('from the first question to the last answer', { timeout: 120_000 }, () => {
    test('a recruiter makes and publishes an interview', async () => {
      await recruiter.begin({ email: 'rita@example.org', name: 'Rita Recruiter', organisation: 'Crust & Co' });
      link = await recruiter.makeInterview({
        title: 'Baker',
        questions: TEXTS.map((text) => ({ text, limit: '20 seconds' })),
        minutes: 10,
      });
      expect(new URL(link).origin).toBe(server.url);
    });

    test('a candidate signs in by a code, checks the camera and rehearses', async () => {
      await candidate.enter(link, { email: 'kim@example.org', name: 'Kim Candidate' });
      await candidate.check();
      profileBefore = await profileBytes(candidateBrowser.profile);
      await candidate.rehearse(3_000);
    });

    test('and records one, two and three takes, picking the second of the three', async () => {
      await candidate.start();
      expect(await filesIn(server.takesDir), 'rehearsals are deleted').toEqual([]);
      for (const [question, count] of [
        [1, 1],
        [2, 2],
        [3, 3],
      ] as const) {
        const takes: TimedTake[] = [];
        for (let number = 1; number <= count; number++)
          takes.push(await candidate.answer(question, 3_000 + 700 * number));
        expect(takes.map(({ take }) => [take.number, take.state, take.stopReason])).toEqual(
          Array.from({ length: count }, (_, i) => [i + 1, 'playable', 'candidate']),
        );
        const choice = question === 3 ? 2 : count;
        await candidate.pick(question, choice);
        picked.push(...takes.filter(({ number }) => number === choice));
        taken.push(...takes);
        if (question < 3) await candidate.next();
      }
      expect(picked.map(({ number }) => number)).toEqual([1, 2, 2]);
    });

    test('nothing of it is on the device, also after a submit', async () => {
      await candidate.submit();
      expect(await videosInProfile(candidateBrowser.profile)).toEqual([]);
      const grown = (await profileBytes(candidateBrowser.profile)) - profileBefore;
      expect(grown).toBeLessThan(PROFILE_GROWTH_BYTES);
    });

    test('the storage holds the three picks and nothing else', async () => {
      const stored = (await filesIn(videosDir)).map(({ bytes }) => bytes);
      expect(stored).toHaveLength(3);
      expect(await filesIn(server.takesDir)).toEqual([]);
    });

    test('each saved answer is the take that was picked, whole and in step', async () => {
      const stored = await filesIn(videosDir);
      for (const [index, timed] of picked.entries()) {
        const questionId = candidate.watch.question(index + 1).id;
        const file = stored.find(
          ({ file: name }) => name.includes(questionId.toLowerCase()) || name.includes(questionId),
        );
        await expectAnswer(file?.file ?? join(videosDir, `no video of question ${index + 1}`), timed);
      }
    });

    test('the recruiter plays all three', async () => {
      await recruiter.openCandidate('Kim Candidate');
      for (const [index, { goAt, stoppedAt }] of picked.entries()) {
        const shown = await recruiter.play(index + 1);
        expect(shown.width / shown.height).toBeCloseTo(9 / 16, 2);
        expect(Math.abs(shown.durationMs - (stoppedAt - goAt))).toBeLessThan(300);
        expect(shown.durationMs - shown.playedMs).toBeLessThan(300);
      }
    });

    test('no page complained', () => {
      expect([...recruiterBrowser.errors, ...candidateBrowser.errors]).toEqual([]);
    });
  });
}
