import { chmodSync } from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';
import { cached, putInCache } from './cache.mjs';
import { run } from './command.mjs';
import { PLATFORM, which } from './paths.mjs';
import { downloadWheel } from './pip.mjs';
import { firstOf } from './say.mjs';

const OLDEST = 5;
/** A static ffmpeg 7 with libx264, where neither apt-get nor root is at hand. */
const WHEEL = 'imageio-ffmpeg==0.6.0';
const FFPROBE_VERSION = '5.2.0';

/** @returns {Promise<{ ffmpeg: string, ffprobe: string }>} the paths of an ffmpeg and an ffprobe that suit */
export async function findFfmpeg() {
  const found = {
    ffmpeg: process.env['FFMPEG_PATH'] || which('ffmpeg'),
    ffprobe: process.env['FFPROBE_PATH'] || which('ffprobe'),
  };
  if (found.ffmpeg && found.ffprobe && (await suits(found.ffmpeg)))
    return { ffmpeg: found.ffmpeg, ffprobe: found.ffprobe };
  const kept = { ffmpeg: cached('ffmpeg'), ffprobe: cached('ffprobe') };
  if (kept.ffmpeg && kept.ffprobe) return { ffmpeg: kept.ffmpeg, ffprobe: kept.ffprobe };
  return firstOf(
    'ffmpeg',
    [
      { name: 'installing with apt-get', get: installWithApt },
      { name: 'downloading from PyPI and npm', get: downloadBoth },
    ],
    `install ffmpeg ${OLDEST} or later with libx264 (apt-get install ffmpeg, as root)`,
  );
}

/** @param {(text: string) => void} progress */
async function installWithApt(progress) {
  await aptInstall(['ffmpeg'], progress);
  const [ffmpeg, ffprobe] = [which('ffmpeg'), which('ffprobe')];
  if (!ffmpeg || !ffprobe || !(await suits(ffmpeg))) throw new Error('the one installed is too old or lacks libx264');
  return { ffmpeg, ffprobe };
}

async function downloadBoth() {
  const ffmpeg = await putInCache('ffmpeg', (folder) => downloadWheel(WHEEL, /binaries\/ffmpeg-[^/]+$/, folder));
  if (!(await suits(ffmpeg))) throw new Error('the one downloaded does not run here');
  const ffprobe = await putInCache('ffprobe', async (folder) => {
    const name = `@ffprobe-installer/${PLATFORM}`;
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${FFPROBE_VERSION}`], {
      cwd: folder,
    });
    const file = path.join(folder, 'node_modules', name, 'ffprobe');
    chmodSync(file, 0o755);
    await run(file, ['-version']);
    return file;
  });
  return { ffmpeg, ffprobe };
}

/** @param {string} ffmpeg */
async function suits(ffmpeg) {
  const text = await run(ffmpeg, ['-version']).catch(() => '');
  // Builds from the development branch carry no version number; they are newer than any release.
  const major = Number(/^ffmpeg version n?(\d+)\./.exec(text)?.[1] ?? (text ? OLDEST : 0));
  return major >= OLDEST && text.includes('--enable-libx264');
}
