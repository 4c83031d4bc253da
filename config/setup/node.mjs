import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { cached, putInCache } from './cache.mjs';
import { run } from './command.mjs';
import { download, downloadText } from './download.mjs';
import { PLATFORM } from './paths.mjs';
import { firstOf } from './say.mjs';

/** The first Node that runs TypeScript files as they are and that every package here accepts. */
const NEEDED = /** @type {const} */ ([22, 18]);
const MAJOR = 24;
const RELEASES = `https://nodejs.org/dist/latest-v${MAJOR}.x`;

/**
 * Finds a Node that is new enough: this one, a cached one, else it is fetched.
 * @returns {Promise<string>} its path
 */
export async function findNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return process.execPath;
  const name = `node-${MAJOR}`;
  const folder = cached(name);
  if (folder) return path.join(folder, 'bin', 'node');
  const sources = [
    { name: 'downloading from nodejs.org', get: downloadOfficial },
    { name: 'installing from the npm registry', get: installFromNpm },
  ];
  const made = await firstOf(
    `Node ${MAJOR}`,
    sources.map((source) => ({
      name: source.name,
      get: (progress) => putInCache(name, (temporary) => source.get(temporary, progress)),
    })),
    `install Node ${NEEDED.join('.')} or later from https://nodejs.org/en/download`,
  );
  return path.join(made, 'bin', 'node');
}

/**
 * @param {string} folder
 * @param {(text: string) => void} progress
 */
async function downloadOfficial(folder, progress) {
  const sums = await downloadText(`${RELEASES}/SHASUMS256.txt`);
  const [, sum, archive] =
    new RegExp(`^([0-9a-f]{64}) {2}(node-v[\\d.]+-${PLATFORM}\\.tar\\.gz)$`, 'm').exec(sums) ?? [];
  if (!sum || !archive) throw new Error(`there is none for ${PLATFORM}`);
  const file = path.join(folder, archive);
  if ((await download(`${RELEASES}/${archive}`, file, progress)) !== sum) throw new Error('its checksum is wrong');
  await run('tar', ['-xzf', file, '-C', folder]);
  const made = path.join(folder, archive.replace(/\.tar\.gz$/, ''));
  await run(path.join(made, 'bin', 'node'), ['--version']);
  return made;
}

/** @param {string} folder */
async function installFromNpm(folder) {
  mkdirSync(path.join(folder, 'prefix'));
  const prefix = path.join(folder, 'prefix');
  await run('npm', ['install', '--prefix', prefix, '--no-audit', '--no-fund', `node@${MAJOR}`], { cwd: folder });
  const made = path.join(prefix, 'node_modules', 'node');
  await run(path.join(made, 'bin', 'node'), ['--version']);
  return made;
}
