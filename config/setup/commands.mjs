import path from 'node:path';
import { runShown } from './command.mjs';
import { withLock } from './lock.mjs';
import { ROOT } from './paths.mjs';
import { installPackages } from './packages.mjs';
import { CannotGoOn } from './say.mjs';
import { runChecks, runTests } from './test.mjs';

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const COMMANDS = {
  async start(args) {
    const env = await withLock(async () => {
      const tools = await setUpServer();
      const { buildWeb } = await import('./web.mjs');
      await buildWeb();
      return tools;
    });
    return runShown(process.execPath, ['server/main.ts', ...args], { env });
  },
  async dev() {
    const env = await withLock(setUpServer);
    return runDevelopment(env);
  },
  async test(args) {
    const env = await withLock(setUpTests);
    return runTests(env, args);
  },
  async bench(args) {
    const env = await withLock(setUpTests);
    return runShown(process.execPath, ['test/bench/run.ts', ...args], { env });
  },
  async check() {
    await withLock(installPackages);
    return runChecks();
  },
  async docs() {
    await withLock(installPackages);
    return runShown(process.execPath, ['config/setup/docs.ts']);
  },
};

/**
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function runCommand(name, args) {
  const command = COMMANDS[name];
  if (!command) throw new CannotGoOn(`There is no command ${name}: use one of ${Object.keys(COMMANDS).join(', ')}.`);
  process.chdir(ROOT);
  return command(args);
}

/** @returns {Promise<Record<string, string>>} the settings that name the tools found */
async function setUpServer() {
  await installPackages();
  // Loaded only now, as some of them use the packages.
  const { findWorker } = await import('./worker.mjs');
  const { findMongod } = await import('./mongod.mjs');
  const { findFfmpeg } = await import('./ffmpeg.mjs');
  const worker = await findWorker();
  const { ffmpeg, ffprobe } = await findFfmpeg();
  const mongod = process.env['MONGODB_URL'] ? {} : { MONGOD_PATH: await findMongod() };
  return { MEDIASOUP_WORKER_BIN: worker, FFMPEG_PATH: ffmpeg, FFPROBE_PATH: ffprobe, ...mongod };
}

/** @returns {Promise<Record<string, string>>} */
async function setUpTests() {
  const server = await setUpServer();
  const { findMongod } = await import('./mongod.mjs');
  const { findChromium } = await import('./chromium.mjs');
  const { findVersitygw } = await import('./versitygw.mjs');
  const { buildWeb } = await import('./web.mjs');
  const tools = {
    MONGOD_PATH: await findMongod(),
    CHROMIUM_PATH: await findChromium(),
    VERSITYGW_PATH: await findVersitygw(),
  };
  await buildWeb();
  return { ...server, ...tools };
}

/**
 * The server, started again when a file changes, behind Vite's own, which brings changed pages to the browser at once.
 * @param {Record<string, string>} tools
 */
async function runDevelopment(tools) {
  const env = { ...tools, PUBLIC_URL: 'http://localhost:5173', PORT: '3000' };
  const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const codes = await Promise.all([
    runShown(process.execPath, ['--watch', 'server/main.ts'], { env }),
    runShown(process.execPath, [vite, 'dev'], { cwd: path.join(ROOT, 'web'), env }),
  ]);
  return Math.max(...codes);
}
