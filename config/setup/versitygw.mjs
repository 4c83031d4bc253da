import path from 'node:path';
import { cached, putInCache } from './cache.mjs';
import { run } from './command.mjs';
import { download, downloadText } from './download.mjs';
import { isExecutable, which } from './paths.mjs';
import { firstOf } from './say.mjs';

const VERSION = '1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const RELEASES = `https://github.com/versity/versitygw/releases/download/v${VERSION}`;

/** @returns {Promise<string>} the path of the S3 server that the tests use */
export async function findVersitygw() {
  const given = process.env['VERSITYGW_PATH'];
  const found = (given && isExecutable(given) && given) || which('versitygw') || cached('versitygw');
  if (found) return found;
  return firstOf(
    'versitygw',
    [
      { name: 'building with go (about a minute)', get: () => putInCache('versitygw', buildWithGo) },
      {
        name: 'downloading from github.com',
        get: (progress) => putInCache('versitygw', (folder) => downloadRelease(folder, progress)),
      },
    ],
    'install Go from https://go.dev/dl/ and run this again',
  );
}

/** @param {string} folder */
async function buildWithGo(folder) {
  if (!which('go')) throw new Error('go is not installed');
  const env = { GOBIN: folder, GOPATH: path.join(folder, 'go'), GOFLAGS: '-modcacherw' };
  await run('go', ['install', `${MODULE}@v${VERSION}`], { cwd: folder, env });
  return path.join(folder, 'versitygw');
}

/**
 * @param {string} folder
 * @param {(text: string) => void} progress
 */
async function downloadRelease(folder, progress) {
  const system = process.platform === 'darwin' ? 'Darwin' : 'Linux';
  const name = `versitygw_v${VERSION}_${system}_${process.arch === 'arm64' ? 'arm64' : 'x86_64'}`;
  const sums = await downloadText(`${RELEASES}/checksums.txt`);
  const sum = new RegExp(`^([0-9a-f]{64}) +${name.replaceAll('.', '\\.')}\\.tar\\.gz$`, 'm').exec(sums)?.[1];
  const file = path.join(folder, 'archive.tar.gz');
  if ((await download(`${RELEASES}/${name}.tar.gz`, file, progress)) !== sum) throw new Error('its checksum is wrong');
  await run('tar', ['-xzf', file, '-C', folder]);
  return path.join(folder, name, 'versitygw');
}
