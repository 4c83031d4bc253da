/// <reference lib="dom" />
import type { Page } from 'playwright';
import type { TestServer } from '#test/support/server.ts';
import { signIn } from './sign-in.ts';

export interface QuestionText {
  text: string;
  limit: '20 seconds' | '30 seconds' | '40 seconds' | '60 seconds';
}

/** The recruiter's pages, used as a person does. */
export class RecruiterPage {
  readonly page: Page;
  readonly #server: TestServer;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
  }

  /** From the home page to an organisation of one's own. */
  async begin(person: { email: string; name: string; organisation: string }): Promise<void> {
    const { page } = this;
    await page.goto(this.#server.url);
    await page.getByRole('button', { name: 'I am recruiting' }).click();
    const organisation = page.getByLabel('Name of your organisation');
    await signIn(page, this.#server, { ...person, arrived: () => organisation.waitFor() });
    await organisation.fill(person.organisation);
    await page.getByRole('button', { name: 'Start recruiting' }).click();
    await page.getByRole('heading', { name: 'Your first interview' }).waitFor();
  }

  /** Writes an interview and publishes it. Resolves to the candidates' link. */
  async makeInterview(interview: { title: string; questions: QuestionText[]; minutes: number }): Promise<string> {
    const { page } = this;
    await page.getByRole('link', { name: /Make an interview|New interview/ }).click();
    await page.getByLabel('Title').fill(interview.title);
    for (const [index, { text, limit }] of interview.questions.entries()) {
      const card = page.getByRole('listitem', { name: `Question ${index + 1}`, exact: true });
      if ((await card.count()) === 0) await page.getByRole('button', { name: 'Add a question' }).click();
      await card.getByLabel(`Text of question ${index + 1}`).fill(text);
      await card.getByLabel('Answer limit').selectOption({ label: limit });
    }
    await page.getByLabel('Total time (minutes)').fill(String(interview.minutes));
    await page.getByRole('button', { name: 'Save draft' }).click();
    await page.getByText('All changes saved').waitFor();
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Publish', exact: true }).click();
    const link = page.getByRole('dialog', { name: 'Published' }).getByLabel('Link for candidates');
    await link.waitFor();
    const address = await link.inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    return address;
  }

  /** Opens a candidate's answers from the interview's tab of candidates. */
  async openCandidate(name: string): Promise<void> {
    await this.page.getByRole('link', { name: /^Candidates/ }).click();
    await this.page.getByRole('link', { name: new RegExp(name) }).click();
    await this.page.getByLabel('Answer to question 1').waitFor();
  }

  /** Plays an answer to its end at four times the speed. @returns what the player showed */
  async play(question: number): Promise<{ width: number; height: number; durationMs: number; playedMs: number }> {
    const player = this.page.getByLabel(`Answer to question ${question}`);
    return player.evaluate(async (element) => {
      const video = element as HTMLVideoElement;
      video.muted = true;
      video.playbackRate = 4;
      const ended = new Promise<void>((resolve, reject) => {
        video.addEventListener('ended', () => resolve(), { once: true });
        video.addEventListener('error', () => reject(new Error(video.error?.message ?? 'not played')), { once: true });
      });
      await video.play();
      await ended;
      const played = Array.from({ length: video.played.length }, (_, i) => video.played.end(i) - video.played.start(i));
      const playedMs = played.reduce((sum, seconds) => sum + seconds, 0) * 1000;
      return { width: video.videoWidth, height: video.videoHeight, durationMs: video.duration * 1000, playedMs };
    });
  }
}
