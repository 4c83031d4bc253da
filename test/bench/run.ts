/**
 * Measures the product as a candidate meets it: the real server, a real browser, answers of 30 s one after the other.
 * Prints one JSON line a figure on standard output, everything else on standard error. `--takes N` sets the number of
 * takes. Figures never fail it; a product that does not work does, with exit code 1.
 */
import { parseArgs } from 'node:util';
import { CandidatePage } from '#test/e2e/pages/candidate.ts';
import { publishInterview, signInByHttp } from '#test/support/api.ts';
import { startBrowser } from '#test/support/browser.ts';
import { startServer, type TestServer } from '#test/support/server.ts';
import { figuresOf, type Measured } from './figures.ts';
import { ANSWER_MS, measureTake } from './take.ts';

const TAKES = 20;
const TAKES_PER_QUESTION = 3;
/** The product's most questions, times the takes of each. */
const MOST_TAKES = 150;
/** An answer with its countdown, what is measured of it, and room to spare. */
const TIME_PER_TAKE_MS = 2 * ANSWER_MS;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** @throws Error for a number of takes that no interview has */
function readTakes(): number {
  const { values } = parseArgs({ options: { takes: { type: 'string', default: String(TAKES) } } });
  const takes = Number(values.takes);
  if (!Number.isInteger(takes) || takes < 1 || takes > MOST_TAKES) {
    throw new Error(`--takes must be a whole number from 1 to ${MOST_TAKES}`);
  }
  return takes;
}

/** Publishes an interview with room for so many takes. @returns the candidates' link */
async function makeInterview(server: TestServer, takes: number): Promise<string> {
  const recruiter = await signInByHttp(server, 'rita@example.org', { organisation: 'Crust & Co' });
  const count = Math.ceil(takes / TAKES_PER_QUESTION);
  const { link } = await publishInterview(recruiter, {
    questions: Array.from({ length: count }, (_, i) => ({
      text: `Question ${i + 1}?`,
      answerLimitMs: ANSWER_MS,
      thinkingTimeMs: 0,
      takesAllowed: TAKES_PER_QUESTION,
    })),
    totalTimeMs: count * TAKES_PER_QUESTION * TIME_PER_TAKE_MS,
  });
  if (link === null) throw new Error('a published interview has no link');
  return link;
}

async function answerAll(server: TestServer, takes: number): Promise<Measured[]> {
  const link = await makeInterview(server, takes);
  const browser = await startBrowser({ camera: { variant: 'portrait' } });
  try {
    const candidate = new CandidatePage(browser.page, server);
    await candidate.enter(link, { email: 'kim@example.org', name: 'Kim Candidate' });
    await candidate.check();
    await candidate.start();
    const measured: Measured[] = [];
    for (let done = 0; done < takes; done++) {
      if (done > 0 && done % TAKES_PER_QUESTION === 0) await candidate.next();
      const question = Math.floor(done / TAKES_PER_QUESTION) + 1;
      const take = await measureTake(candidate, { question, takesDir: server.takesDir });
      measured.push(take);
      say(`take ${done + 1} of ${takes}: ${JSON.stringify(take)}`);
    }
    return measured;
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const takes = readTakes();
  say(`${takes} takes of ${ANSWER_MS / 1000} s each, one after the other`);
  const server = await startServer();
  try {
    for (const figure of figuresOf(await answerAll(server, takes))) process.stdout.write(`${JSON.stringify(figure)}\n`);
  } finally {
    await server.close();
  }
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}
