import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** mongod keeps its process id here while it runs, and empties the file when it ends cleanly. */
const LOCK_FILE = 'mongod.lock';

const TERM_TIMEOUT_MS = 20_000;
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 50;

/**
 * Ends a mongod that a parent, killed before it could close it, left running on this folder. Only a process that the
 * lock file names and whose command line is a mongod on this very folder is touched: pids are reused.
 */
export async function endStaleMongod(dbPath: string, log: (message: string) => void): Promise<void> {
  const pid = Number(await readFile(path.join(dbPath, LOCK_FILE), 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1 || !(await runsOn(pid, dbPath))) return;
  log(`ending a database process left over from an earlier run (pid ${pid})`);
  for (const [signal, timeoutMs] of [
    ['SIGTERM', TERM_TIMEOUT_MS],
    ['SIGKILL', KILL_TIMEOUT_MS],
  ] as const) {
    process.kill(pid, signal);
    const giveUpAt = performance.now() + timeoutMs;
    while (performance.now() < giveUpAt) {
      if (!(await runsOn(pid, dbPath))) return;
      await delay(POLL_MS);
    }
  }
  throw new Error(`a database process left over from an earlier run (pid ${pid}) does not end; end it by hand`);
}

/** Reads the command line from Linux's process table; elsewhere nothing is known and nothing is ended. */
async function runsOn(pid: number, dbPath: string): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const given = words[words.indexOf('--dbpath') + 1];
  return words.includes('--dbpath') && given !== undefined && path.resolve(given) === path.resolve(dbPath);
}
