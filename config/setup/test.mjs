import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, runShown } from './command.mjs';
import { ROOT } from './paths.mjs';
import { say, step } from './say.mjs';
import { syncWeb } from './web.mjs';

/** @typedef {{ passed: number, failed: number }} Count */
/** @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport */
/** @typedef {{ numPassedTests: number, numFailedTests: number, testResults: FileReport[] }} Report vitest's, in part */

/** Each of these counts as one test. @type {{ name: string, script: string, args: string[], cwd?: string }[]} */
const STATIC_CHECKS = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  {
    name: 'types of the web application',
    script: 'svelte-check/bin/svelte-check',
    args: ['--fail-on-warnings'],
    cwd: 'web',
  },
  { name: 'lint', script: 'eslint/bin/eslint.js', args: ['--max-warnings=0', '.'] },
  { name: 'format', script: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
  {
    name: 'import directions',
    script: 'dependency-cruiser/bin/dependency-cruiser.mjs',
    args: ['--output-type=err', 'protocol', 'config', 'recorder', 'server', 'web/src', 'test'],
  },
  { name: 'dead code', script: 'knip/bin/knip.js', args: ['--no-progress'] },
];

/**
 * All there is: types, lint, unit, integration and end-to-end tests. The last line printed is `N passed, N failed`.
 * @param {Record<string, string>} env the tools found
 * @param {string[]} args passed to vitest; with any, only vitest runs
 * @returns {Promise<number>} the exit code
 */
export async function runTests(env, args) {
  const counts = args.length > 0 ? [] : await runStaticChecks();
  counts.push(await runVitest(args, env));
  return conclude(counts);
}

/**
 * The part that is fast: types, lint and unit tests.
 * @returns {Promise<number>} the exit code
 */
export async function runChecks() {
  return conclude([...(await runStaticChecks()), await runVitest(['--project', 'unit'], {})]);
}

/** @returns {Promise<Count[]>} */
async function runStaticChecks() {
  const synced = await check('generated types of the web application', syncWeb);
  const counts = synced.failed > 0 ? [synced] : [];
  for (const { name, script, args, cwd = '.' } of STATIC_CHECKS) {
    const program = [path.join(ROOT, 'node_modules', script), ...args];
    counts.push(await check(name, () => run(process.execPath, program, { cwd: path.join(ROOT, cwd) })));
  }
  return counts;
}

/**
 * @param {string} name
 * @param {() => Promise<unknown>} work fails by throwing
 * @returns {Promise<Count>}
 */
function check(name, work) {
  return step(name, async () => {
    try {
      await work();
      return { passed: 1, failed: 0 };
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      say(`${name}: FAILED`);
      return { passed: 0, failed: 1 };
    }
  });
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<Count>}
 */
async function runVitest(args, env) {
  const folder = mkdtempSync(path.join(tmpdir(), 'goodtake-test-'));
  const report = path.join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const code = await runShown(process.execPath, [vitest, 'run', ...reporters, ...args], { env });
    return countReport(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A file that cannot be loaded, or an error outside of any test, has no failed test of its own and counts as one.
 * @param {string} file
 * @param {number} code vitest's exit code
 * @returns {Count}
 */
export function countReport(file, code) {
  /** @type {Report} */
  let report;
  try {
    report = /** @type {Report} */ (JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + broken;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/**
 * Prints the last line.
 * @param {Count[]} counts
 * @returns {number} the exit code
 */
export function conclude(counts) {
  const sum = (/** @type {keyof Count} */ key) => counts.reduce((total, count) => total + count[key], 0);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
}
