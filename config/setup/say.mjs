const PROGRESS_EVERY_MS = 10_000;
/** A step shorter than this was not worth waiting for, nor is its time worth reading. */
const WORTH_TELLING_MS = 1_000;

/** What set-up cannot solve; its message is one sentence that says what to install and how. */
export class CannotGoOn extends Error {}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs one step of set-up: one line when it begins, one when it has ended, and, while it lasts, one now and then.
 * @template T
 * @param {string} title what is done, such as "mongod: downloading"
 * @param {(progress: (text: string) => void) => Promise<T>} run may call `progress` as often as it likes
 * @returns {Promise<T>}
 */
export async function step(title, run) {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  let detail = '';
  say(`${title} ...`);
  const timer = setInterval(() => say(`${title} ... ${seconds()} s${detail && `, ${detail}`}`), PROGRESS_EVERY_MS);
  try {
    const result = await run((text) => (detail = text));
    if (performance.now() - startedAt >= WORTH_TELLING_MS) say(`${title}: done in ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Tries one source after the other; the first that works wins, the others' reasons are kept for the failure.
 * @template T
 * @param {string} tool its name, for the lines printed
 * @param {{ name: string, get: (progress: (text: string) => void) => Promise<T> }[]} sources
 * @param {string} advice completes the sentence "Install ..." when every source failed
 * @returns {Promise<T>}
 * @throws {CannotGoOn}
 */
export async function firstOf(tool, sources, advice) {
  const reasons = [];
  for (const { name, get } of sources) {
    try {
      return await step(`${tool}: ${name}`, get);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reasons.push(`${name}: ${reason}`);
      say(`${tool}: ${name}: did not work (${reason.split('\n')[0]})`);
    }
  }
  throw new CannotGoOn(`${tool} could not be set up: ${advice}.`);
}
