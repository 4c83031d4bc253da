import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isExecutable, TEMPORARY, TOOLS } from './paths.mjs';

/**
 * The path of a cached tool, or null.
 * @param {string} name
 * @returns {string | null}
 */
export function cached(name) {
  const file = path.join(TOOLS, name);
  return isExecutable(file) ? file : null;
}

/**
 * Lets `make` produce a tool in a temporary folder beside the cache and moves it in at once, so that an interrupted
 * set-up leaves no half of it.
 * @param {string} name what it is called in the cache
 * @param {(folder: string) => Promise<string>} make returns the path of the file, or folder, that was made
 * @returns {Promise<string>} the path in the cache
 */
export async function putInCache(name, make) {
  mkdirSync(TOOLS, { recursive: true });
  const folder = mkdtempSync(path.join(TOOLS, TEMPORARY));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  try {
    const made = await make(folder);
    if (!existsSync(made)) throw new Error(`${name} is not where it was expected`);
    const target = path.join(TOOLS, name);
    chmodSync(made, 0o755);
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
    return target;
  } finally {
    process.off('exit', clean);
    clean();
  }
}
