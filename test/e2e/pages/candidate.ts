/// <reference lib="dom" />
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright';
import type { TakeView } from '#protocol/session.ts';
import type { CameraVariant } from '#test/fixtures/camera.ts';
import type { TestServer } from '#test/support/server.ts';
import { SessionWatch } from '#test/support/session-watch.ts';
import { signIn } from './sign-in.ts';

/** A take as the server timed it, in milliseconds since 1970. */
export interface TimedTake {
  id: string;
  number: number;
  goAt: number;
  /** When the take left the state `recording`. */
  stoppedAt: number;
  take: TakeView;
}

const FINISHED = ['playable', 'interrupted', 'failed'];

/** The candidate's pages, used as a person does; what the server says is listened to on the side. */
export class CandidatePage {
  readonly page: Page;
  readonly watch: SessionWatch;
  readonly #server: TestServer;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
    this.watch = new SessionWatch(page);
  }

  button(name: string) {
    return this.page.getByRole('button', { name, exact: true });
  }

  press(name: string): Promise<void> {
    return this.button(name).click();
  }

  /** Opens an interview's link and signs in, up to the page that asks for consent. */
  async enter(link: string, person: { email: string; name: string }): Promise<void> {
    await this.page.goto(link);
    const welcome = this.page.getByRole('button', { name: /^Sign in/ });
    await welcome.waitFor();
    await welcome.click();
    await signIn(this.page, this.#server, {
      ...person,
      arrived: () => this.button('I agree, continue').waitFor(),
    });
  }

  /** Consents and shows the camera, up to the rehearsal's page. */
  async check(): Promise<void> {
    await this.press('I agree, continue');
    await this.press('Check my camera');
    await this.button('Everything works').click({ trial: true });
    await this.press('Everything works');
    await this.button('Skip rehearsal').waitFor();
  }

  /** Records a rehearsal of some length and waits for its replay. */
  async rehearse(lengthMs: number): Promise<void> {
    await this.press('Start rehearsal');
    const rehearsing = (states: TakeView['state'][]) => () =>
      states.includes(this.watch.view.rehearsal.takes.at(-1)?.state ?? 'failed');
    await this.watch.waitFor('a rehearsal', rehearsing(['recording']));
    await delay(lengthMs);
    await this.press('Stop');
    await this.watch.waitFor('its replay', rehearsing(['playable']));
    await this.page.locator('video[src]').first().waitFor();
  }

  /** Starts the interview's clock, from the rehearsal's page or the one after it. */
  async start(): Promise<void> {
    if (await this.button('Skip rehearsal').isVisible()) await this.press('Skip rehearsal');
    await this.press('Start interview');
    await this.watch.waitFor('the interview', (view) => view.state === 'running' && view.currentQuestionId !== null);
  }

  /** Records a take of the question that is shown, without stopping it. Resolves when the server has said "go". */
  async record(question: number): Promise<TakeView & { goAt: number }> {
    const before = this.watch.question(question).takes.length;
    if (this.watch.question(question).state === 'thinking') await this.press('I am ready');
    await this.page
      .getByRole('button', { name: before === 0 ? 'Start recording' : /^(Record again|Start recording)$/ })
      .click();
    await this.watch.waitFor(`take ${before + 1} of question ${question}`, () => {
      const { takes } = this.watch.question(question);
      return takes.length > before && takes.at(-1)?.state === 'recording';
    });
    const take = this.watch.take(question);
    if (take.goAt === null) throw new Error('a running take has no begin');
    return { ...take, goAt: take.goAt };
  }

  /** Records a take and stops it `lengthMs` after "go". */
  async answer(question: number, lengthMs: number): Promise<TimedTake> {
    return this.stop(question, await this.record(question), lengthMs);
  }

  /** Stops a running take `lengthMs` after "go". */
  async stop(question: number, running: { id: string; goAt: number }, lengthMs: number): Promise<TimedTake> {
    await delay(Math.max(0, running.goAt + lengthMs - Date.now()));
    await this.press('Stop');
    return this.ended(question, running);
  }

  /** Waits for the end of a running take, whoever ends it. */
  async ended(question: number, running: { id: string; goAt: number }, timeoutMs = 30_000): Promise<TimedTake> {
    const now = () => this.watch.question(question).takes.find((one) => one.id === running.id);
    await this.watch.waitFor('the take to end', () => FINISHED.includes(now()?.state ?? ''), { timeoutMs });
    const take = now();
    const states = this.watch.statesOf(running.id);
    const after = [...states].find(([state]) => !['arming', 'recording'].includes(state));
    if (!take || !after) throw new Error('the take is gone');
    return { id: take.id, number: take.number, goAt: running.goAt, stoppedAt: after[1].view.now, take };
  }

  /** Chooses a take of the question that is shown. */
  async pick(question: number, number: number): Promise<void> {
    const { id } = this.watch.take(question, number);
    const take = this.page.getByRole('region', { name: `Question ${question} - take ${number}` });
    const choose = take.getByRole('button', { name: 'Use this take' });
    if (this.watch.question(question).pickId !== id) await choose.click();
    await this.watch.waitFor('the pick', () => this.watch.question(question).pickId === id);
  }

  /** What the camera is like from the next time on that the page asks for it. */
  async useCamera(variant: CameraVariant): Promise<void> {
    await this.page.evaluate((next) => window.testCamera.use(next), variant);
  }

  /** Loads the page again and waits until the server has told it where it stands. */
  async reload(): Promise<void> {
    const from = this.watch.seen.length;
    await this.page.reload();
    await this.watch.waitFor('the session after a reload', () => true, { from });
  }

  /** Cuts the signalling connection, as a change of network does, and waits until the page is back. */
  async dropSocket(): Promise<void> {
    const from = this.watch.seen.length;
    await this.page.evaluate(() => window.testSockets.forEach((socket) => socket.close()));
    await this.watch.waitFor('the session after a lost connection', () => true, { from });
  }

  /** Skips the question that is shown. */
  async skip(question: number): Promise<void> {
    await this.press('Skip question');
    await this.press('Skip it');
    await this.watch.waitFor('the skip', () => this.watch.question(question).state === 'skipped');
  }

  /** Goes on to the next question. */
  async next(): Promise<void> {
    const before = this.watch.view.currentQuestionId;
    await this.press('Next question');
    await this.watch.waitFor('the next question', (view) => view.currentQuestionId !== before);
  }

  /** From the last question to the end: everything is saved and the page says that it is safe to close. */
  async submit(): Promise<void> {
    // Whoever skips the last question is on the summary already.
    await this.page.getByRole('button', { name: /^(Review and submit|Submit answers)$/ }).waitFor();
    if (await this.button('Review and submit').isVisible()) await this.press('Review and submit');
    await this.button('Submit answers').waitFor();
    await this.press('Submit answers');
    await this.press('Submit now');
    await this.stored();
  }

  async stored(timeoutMs = 60_000): Promise<void> {
    await this.watch.waitFor('the answers to be stored', (view) => view.state === 'stored', { timeoutMs, from: 0 });
    await this.page.getByText('It is safe to close this page now.').first().waitFor();
  }
}
