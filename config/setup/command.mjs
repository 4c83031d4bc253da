import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './paths.mjs';

const LINES_KEPT = 60;
/** One Ctrl-C arrives twice: from the terminal and from npm, which passes it on. */
const SAME_SIGNAL_MS = 300;
const END_TIMEOUT_MS = 30_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
let leaving = false;

/**
 * Runs a program to its end without showing what it prints.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, timeoutMs?: number }} [options]
 * @returns {Promise<string>} its standard output
 * @throws {Error} holding the last lines that it printed
 */
export function run(program, args, { cwd = ROOT, env, onLine, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    if (leaving) return;
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that what it starts can be ended with it.
      detached: true,
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
    running.add(child);
    let output = '';
    /** @type {string[]} */
    const last = [];
    const remember = (/** @type {string} */ text) => {
      for (const line of text.split('\n').filter(Boolean)) {
        onLine?.(line);
        last.push(line);
      }
      last.splice(0, last.length - LINES_KEPT);
    };
    child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
      remember(text);
    });
    child.stderr.setEncoding('utf8').on('data', remember);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      // Whoever waits would only try another way.
      if (leaving) return;
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${signal ?? code}\n${last.join('\n')}`));
    });
  });
}

/**
 * Ends what {@link run} has started and waits for it: npm puts back what it was replacing, dpkg finishes a package.
 * Nothing can be run afterwards.
 * @returns {Promise<void>}
 */
export async function endCommands() {
  leaving = true;
  const signalAll = (/** @type {NodeJS.Signals} */ signal) => {
    for (const { pid } of running) if (pid !== undefined) signalGroup(pid, signal);
  };
  const ended = [...running].map((child) => once(child, 'close'));
  signalAll('SIGTERM');
  const timer = setTimeout(() => signalAll('SIGKILL'), END_TIMEOUT_MS);
  await Promise.all(ended);
  clearTimeout(timer);
}

/**
 * Signals a program that was started with a process group of its own, and what it has started in it.
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Runs a program whose output is shown, and passes on the signals that ask for an end. What it has started and left
 * behind in its process group is killed when it has ended.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>} its exit code; 1 when a signal ended it
 */
export function runShown(program, args, { cwd = ROOT, env } = {}) {
  // In a process group of its own, so that Ctrl-C reaches it once, from here, and not twice.
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit', detached: true });
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  let passedAt = -Infinity;
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (performance.now() - passedAt < SAME_SIGNAL_MS) return;
    passedAt = performance.now();
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      for (const signal of signals) process.off(signal, pass);
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      resolve(code ?? 1);
    });
  });
}
