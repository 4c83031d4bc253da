import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { ROOT } from './paths.mjs';
import { CannotGoOn, step } from './say.mjs';

const WEB = path.join(ROOT, 'web');
const BUILD = path.join(WEB, 'build');
const STAMP = path.join(WEB, '.svelte-kit', 'goodtake-build');
const NOT_SOURCES = new Set(['build', 'node_modules', '.svelte-kit']);

/** Builds the web application when its sources have changed since the last build. */
export async function buildWeb() {
  const hash = hashSources();
  if (existsSync(BUILD) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return;
  await step('web application: building', async () => {
    rmSync(STAMP, { force: true });
    try {
      await run(process.execPath, [path.join(ROOT, 'node_modules/vite/bin/vite.js'), 'build'], { cwd: WEB });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CannotGoOn(`${reason}\nThe web application could not be built: see the reason above.`);
    }
  });
  mkdirSync(path.dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, hash);
}

/** Contents, not times: a fresh clone has new times and `git checkout` may set old ones. */
function hashSources() {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ file) => hash.update(`${path.relative(ROOT, file)}\0`).update(readFileSync(file));
  const walk = (/** @type {string} */ folder) => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (NOT_SOURCES.has(entry.name)) continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else add(file);
    }
  };
  walk(WEB);
  walk(path.join(ROOT, 'protocol'));
  add(path.join(ROOT, 'package-lock.json'));
  return hash.digest('hex');
}

/** Makes what the web application's types are made of, which a fresh clone lacks. */
export async function syncWeb() {
  await run(process.execPath, [path.join(ROOT, 'node_modules/@sveltejs/kit/svelte-kit.js'), 'sync'], { cwd: WEB });
}
