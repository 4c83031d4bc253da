import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '#test/support/tools.ts';
import type { Rgb } from '#test/fixtures/pattern.ts';

const WIDTH = 720;
const HEIGHT = 1280;

interface Ellipse {
  x: number;
  y: number;
  rx: number;
  ry: number;
  colour: Rgb;
}

/** Somebody in front of a wall, from the back to the front; lengths in pixels. */
const SITTER: readonly Ellipse[] = [
  { x: 600, y: 210, rx: 330, ry: 330, colour: [243, 226, 196] },
  { x: 360, y: 560, rx: 196, ry: 236, colour: [58, 40, 32] },
  { x: 360, y: 1290, rx: 400, ry: 420, colour: [32, 104, 82] },
  { x: 360, y: 868, rx: 74, ry: 120, colour: [205, 143, 108] },
  { x: 360, y: 630, rx: 152, ry: 196, colour: [226, 168, 132] },
  { x: 372, y: 448, rx: 150, ry: 66, colour: [58, 40, 32] },
  { x: 300, y: 612, rx: 15, ry: 18, colour: [38, 28, 24] },
  { x: 420, y: 612, rx: 15, ry: 18, colour: [38, 28, 24] },
  { x: 360, y: 732, rx: 52, ry: 22, colour: [150, 62, 58] },
  { x: 360, y: 720, rx: 60, ry: 18, colour: [226, 168, 132] },
];

/**
 * Files for the browser's own fake devices: a drawn person, upright, and a hum; for pictures that people look at.
 * @param folder where they are written
 */
export async function makeSitter(folder: string): Promise<{ video: string; audio: string }> {
  const video = join(folder, 'sitter.mjpeg');
  const audio = join(folder, 'hum.wav');
  const picture = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', '30', '-i', 'pipe:0'];
  const hum = ['-f', 'lavfi', '-i', 'sine=frequency=180:duration=4'];
  const outputs = [
    '-map',
    '0:v',
    '-vf',
    'loop=loop=29:size=1',
    '-pix_fmt',
    'yuvj420p',
    '-q:v',
    '2',
    video,
    '-map',
    '1:a',
    audio,
  ];
  const running = promisify(execFile)(findTool('FFMPEG_PATH', 'ffmpeg'), [
    '-v',
    'error',
    ...picture,
    ...hum,
    ...outputs,
  ]);
  running.child.stdin?.end(paint());
  await running;
  return { video, audio };
}

function paint(): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) pixels.set(colourAt(x, y), (y * WIDTH + x) * 3);
  }
  return pixels;
}

function colourAt(x: number, y: number): Rgb {
  const front = SITTER.findLast((one) => ((x - one.x) / one.rx) ** 2 + ((y - one.y) / one.ry) ** 2 <= 1);
  if (front) return front.colour;
  const shade = Math.round((y / HEIGHT) * 26);
  return [226 - shade, 205 - shade, 172 - shade];
}
