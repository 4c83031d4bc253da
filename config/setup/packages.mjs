import { readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { ROOT } from './paths.mjs';
import { CannotGoOn, step } from './say.mjs';

/** Makes node_modules what the lock file says; nothing is done when it is already. */
export async function installPackages() {
  if (isUpToDate()) return;
  await step('packages: installing', async () => {
    try {
      // No package here needs its install script: what those fetch, set-up fetches more carefully.
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CannotGoOn(
        `${reason}\nThe packages could not be installed: see npm's reason above and run this again.`,
      );
    }
  });
}

/** npm writes its hidden lock file last, so an interrupted installation is seen too. */
function isUpToDate() {
  try {
    const wanted = readLock('package-lock.json');
    const installed = readLock('node_modules/.package-lock.json');
    return Object.entries(wanted).every(([name, entry]) => {
      if (name === '' || (entry.optional && !(name in installed))) return true;
      return installed[name]?.version === entry.version && installed[name]?.integrity === entry.integrity;
    });
  } catch {
    return false;
  }
}

/** @typedef {{ packages: Record<string, { version?: string, integrity?: string, optional?: boolean }> }} Lock */

/** @param {string} file */
function readLock(file) {
  const lock = /** @type {Lock} */ (JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')));
  return lock.packages;
}
