import { run } from './command.mjs';
import { mayUseApt } from './paths.mjs';

const env = { DEBIAN_FRONTEND: 'noninteractive' };

/**
 * Installs Debian packages, as root only and without a question.
 * @param {string[]} packages
 * @param {(text: string) => void} progress
 * @throws {Error} when not root, or without apt-get
 */
export async function aptInstall(packages, progress) {
  if (!mayUseApt()) throw new Error('apt-get is for root only');
  const install = () =>
    run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], {
      env,
      onLine: (line) => progress(line),
    });
  try {
    await install();
  } catch {
    // No package lists yet, or old ones that name files which are gone.
    await run('apt-get', ['update'], { env });
    await install();
  }
}
