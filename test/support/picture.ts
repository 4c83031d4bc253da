import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PATTERN, type Rgb } from '#test/fixtures/pattern.ts';
import { probeStreams } from './decode.ts';
import { findTool } from './tools.ts';

const DECODE_TIMEOUT_MS = 30_000;
/** Compression moves colours by some tens of levels; the pattern's differ by far more. */
const COLOUR_TOLERANCE = 60;

/** One picture at its own size, three bytes a pixel. */
export interface Picture {
  width: number;
  height: number;
  rgb: Buffer;
}

/** Decodes the first picture at or after `atMs`, turned as a player turns it. */
export async function readPictureAt(file: string, atMs: number): Promise<Picture> {
  const { video } = await probeStreams(file);
  if (!video) throw new Error(`${file} has no video`);
  // Square pixels are forced, so that a picture stretched by its sample aspect ratio is measured as it is shown.
  const args = ['-v', 'error', '-nostdin', '-ss', String(atMs / 1000), '-i', file, '-frames:v', '1'];
  args.push('-vf', "scale='trunc(iw*sar+0.5)':ih,setsar=1", '-f', 'image2pipe', '-c:v', 'ppm', 'pipe:1');
  const { stdout } = await promisify(execFile)(findTool('FFMPEG_PATH', 'ffmpeg'), args, {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
    timeout: DECODE_TIMEOUT_MS,
  });
  const header = /^P6\s(\d+) (\d+)\s255\s/.exec(stdout.subarray(0, 40).toString('latin1'));
  if (!header) throw new Error(`no picture at ${atMs} ms of ${file}`);
  return { width: Number(header[1]), height: Number(header[2]), rgb: stdout.subarray(header[0].length) };
}

/** The pixels of about one colour: how many, their middle and their extent, in pixels. */
export function findColour(picture: Picture, colour: Rgb) {
  let [count, left, top, right, bottom] = [0, Infinity, Infinity, -Infinity, -Infinity];
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const at = (y * picture.width + x) * 3;
      if (!colour.every((level, i) => Math.abs(level - (picture.rgb[at + i] ?? 0)) < COLOUR_TOLERANCE)) continue;
      count++;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { count, width: right - left + 1, height: bottom - top + 1, x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** Width by height of what is a circle in front of the camera: 1 unless the picture was stretched. */
export function measureAspect(picture: Picture): number {
  const disc = findColour(picture, PATTERN.disc.colour);
  if (disc.count < 100) throw new Error('the disc is not in the picture');
  return disc.width / disc.height;
}

/**
 * Whether the four corners are where they belong, within 3 % of the picture's width: upright, not mirrored, and cropped
 * in the middle.
 */
export function isUpright(picture: Picture): boolean {
  return Object.values(PATTERN.corners).every(({ box, colour }) => {
    const found = findColour(picture, colour);
    const apartX = found.x / picture.width - (box.x + box.width / 2) / PATTERN.width;
    const apartY = found.y / picture.height - (box.y + box.height / 2) / PATTERN.height;
    return found.count > 50 && Math.abs(apartX) < 0.03 && Math.abs(apartY) < 0.03;
  });
}

/** Whether anything is left of what a crop to the middle has to remove; an edge column may be blended. */
export function showsOutside(picture: Picture): boolean {
  return findColour(picture, PATTERN.outside).count > picture.height * 2;
}
