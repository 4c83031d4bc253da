import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { aptInstall } from './apt.mjs';
import { cached, putInCache } from './cache.mjs';
import { run } from './command.mjs';
import { download } from './download.mjs';
import { isExecutable, mayUseApt, PLATFORM, ROOT } from './paths.mjs';
import { firstOf } from './say.mjs';

const PACKAGE = path.join(ROOT, 'node_modules', 'mediasoup');
const BUILD_PACKAGES = [
  ...['g++', 'meson', 'ninja-build', 'pkg-config', 'cmake', 'libsrtp2-dev', 'libuv1-dev', 'libssl-dev'],
  ...['libflatbuffers-dev', 'flatbuffers-compiler', 'libabsl-dev'],
];
/** What the worker answers when it is started by hand, which proves that it runs here (worker/src/main.cpp). */
const STARTED_BY_HAND = 41;

/**
 * The mediasoup-worker that belongs to the installed mediasoup.
 * @returns {Promise<string>} its path
 */
export async function findWorker() {
  const given = process.env['MEDIASOUP_WORKER_BIN'];
  if (given && isExecutable(given)) return given;
  const text = readFileSync(path.join(PACKAGE, 'package.json'), 'utf8');
  const { version } = /** @type {{ version: string }} */ (JSON.parse(text));
  const name = `mediasoup-worker-${version}`;
  const installed = path.join(PACKAGE, 'worker', 'out', 'Release', 'mediasoup-worker');
  const found = cached(name) ?? (isExecutable(installed) ? installed : null);
  if (found) return found;
  return firstOf(
    'mediasoup-worker',
    [
      {
        name: 'downloading from github.com',
        get: (progress) => putInCache(name, (folder) => downloadPrebuilt(folder, version, progress)),
      },
      { name: 'building (about 3 minutes)', get: (progress) => putInCache(name, (folder) => build(folder, progress)) },
    ],
    `install ${BUILD_PACKAGES.join(' ')} (apt-get install, as root) and run this again`,
  );
}

/**
 * As mediasoup's own install script does it (npm-scripts.mjs of the package).
 * @param {string} folder
 * @param {string} version
 * @param {(text: string) => void} progress
 */
async function downloadPrebuilt(folder, version, progress) {
  const kernel = process.platform === 'linux' ? `-kernel${release().split('.')[0]}` : '';
  const archive = `mediasoup-worker-${version}-${PLATFORM}${kernel}.tgz`;
  const file = path.join(folder, archive);
  await download(`https://github.com/versatica/mediasoup/releases/download/${version}/${archive}`, file, progress);
  await run('tar', ['-xzf', file, '-C', folder]);
  return checked(path.join(folder, 'mediasoup-worker'));
}

/**
 * @param {string} folder
 * @param {(text: string) => void} progress
 */
async function build(folder, progress) {
  if (mayUseApt()) await aptInstall(BUILD_PACKAGES, progress);
  const out = path.join(folder, 'mediasoup-worker');
  const script = path.join(ROOT, 'config', 'mediasoup-worker', 'build.sh');
  await run('bash', [script, PACKAGE, out], {
    onLine: (line) => {
      const done = /^\[(\d+\/\d+)\]/.exec(line)?.[1];
      if (done) progress(`${done} files`);
    },
  });
  return checked(out);
}

/** @param {string} file */
function checked(file) {
  const { status } = spawnSync(file, { env: {}, stdio: 'ignore' });
  if (status !== STARTED_BY_HAND) throw new Error('it does not run on this machine');
  return file;
}
