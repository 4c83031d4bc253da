import { existsSync } from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';
import { run } from './command.mjs';
import { mustAnswer } from './download.mjs';
import { isExecutable, mayUseApt, ROOT, TOOLS, which } from './paths.mjs';
import { firstOf } from './say.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const BROWSERS = path.join(TOOLS, 'playwright');

/** @returns {Promise<string>} the path of a Chromium for the tests */
export async function findChromium() {
  const given = process.env['CHROMIUM_PATH'];
  const found = (given && isExecutable(given) && given) || which(...NAMES);
  if (found) return found;
  const fetched = await playwrightPath();
  if (existsSync(fetched)) return fetched;
  return firstOf(
    'chromium',
    [
      { name: "downloading Playwright's", get: downloadPlaywright },
      { name: 'installing with apt-get', get: installWithApt },
    ],
    'install Chromium (apt-get install chromium, as root)',
  );
}

/** Where Playwright puts, or has put, its browser. */
async function playwrightPath() {
  process.env['PLAYWRIGHT_BROWSERS_PATH'] = BROWSERS;
  const { chromium } = await import('playwright');
  return chromium.executablePath();
}

/** @param {(text: string) => void} progress */
async function downloadPlaywright(progress) {
  await mustAnswer('https://cdn.playwright.dev/');
  const cli = path.join(ROOT, 'node_modules', 'playwright', 'cli.js');
  const withDeps = mayUseApt() ? ['--with-deps'] : [];
  await run(process.execPath, [cli, 'install', '--no-shell', ...withDeps, 'chromium'], {
    env: { PLAYWRIGHT_BROWSERS_PATH: BROWSERS, DEBIAN_FRONTEND: 'noninteractive' },
    onLine: (line) => progress(line.trim()),
  });
  const file = await playwrightPath();
  await run(file, ['--version']);
  return file;
}

/** @param {(text: string) => void} progress */
async function installWithApt(progress) {
  await aptInstall(['chromium'], progress);
  const file = which(...NAMES);
  if (!file) throw new Error('apt-get installed none');
  return file;
}
