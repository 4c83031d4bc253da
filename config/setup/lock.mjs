import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endCommands } from './command.mjs';
import { TEMPORARY, TOOLS } from './paths.mjs';
import { say } from './say.mjs';

const LOCK = path.join(TOOLS, 'setup.lock');
const POLL_MS = 300;
/** What a shell reports for Ctrl-C. */
const INTERRUPTED = 130;
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs one set-up at a time: two would fetch the same tools twice. The lock of a process that is gone is void.
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function withLock(run) {
  mkdirSync(TOOLS, { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) say(`waiting for another set-up (process ${holder()}) ...`);
    told = true;
    await delay(POLL_MS);
  }
  // Who is interrupted leaves by the front door, so that half-made things and the lock are removed on the way out.
  const leave = () => void endCommands().then(() => process.exit(INTERRUPTED));
  for (const signal of SIGNALS) process.once(signal, leave);
  const release = () => rmSync(LOCK, { force: true });
  process.once('exit', release);
  removeLeftovers();
  try {
    return await run();
  } finally {
    for (const signal of SIGNALS) process.off(signal, leave);
    process.off('exit', release);
    release();
  }
}

/** What a set-up was making when it was killed. */
function removeLeftovers() {
  for (const name of readdirSync(TOOLS)) {
    if (name.startsWith(TEMPORARY)) rmSync(path.join(TOOLS, name), { recursive: true, force: true });
  }
}

/** By a link, which fails when the lock is there, so that nobody ever sees a lock without its holder in it. */
function take() {
  const own = path.join(TOOLS, `${TEMPORARY}lock-${process.pid}`);
  try {
    writeFileSync(own, String(process.pid));
    linkSync(own, LOCK);
    return true;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    // ENOENT: the holder has just tidied up, this file included.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
    if (!isAlive(holder())) rmSync(LOCK, { force: true });
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function holder() {
  try {
    return Number(readFileSync(LOCK, 'utf8'));
  } catch {
    return 0;
  }
}

/** @param {number} pid 0 for a lock that has just been removed */
function isAlive(pid) {
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
