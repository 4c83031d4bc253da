import { spawn } from 'node:child_process';
import { ROOT } from './paths.mjs';

const LINES_KEPT = 60;
/** One Ctrl-C arrives twice: from the terminal and from npm, which passes it on. */
const SAME_SIGNAL_MS = 300;

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
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
    const end = () => void child.kill();
    process.once('exit', end);
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
      process.off('exit', end);
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${signal ?? code}\n${last.join('\n')}`));
    });
  });
}

/**
 * Runs a program whose output is shown, and passes on the signals that ask for an end.
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
      resolve(code ?? 1);
    });
  });
}
