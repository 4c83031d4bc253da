import { BEEP, decodeCells, PATTERN, unwrapWallMs } from '#test/fixtures/pattern.ts';
import { decodeRaw, probeStreams, type Passed } from './decode.ts';

/** One decoded picture. `ok`: its barcode could be read, and `wallMs` is the instant at which it was drawn. */
export type FrameRead =
  | { ptsMs: number; flash: boolean; ok: true; wallMs: number; counter: number }
  | { ptsMs: number; flash: boolean; ok: false };

/** The begin of a beep, to the millisecond. `hz` is rounded to the two pitches there are, or 0 for neither. */
export interface Beep {
  ptsMs: number;
  hz: number;
}

export interface Content {
  frames: FrameRead[];
  /** The frames whose flash block is the first white one. */
  flashes: FrameRead[];
  beeps: Beep[];
  /** First and last instant of the sound, and where its time stamps jump; null without sound. */
  sound: { startMs: number; endMs: number; jumps: { atMs: number; ms: number }[] } | null;
  /** What ffmpeg complained of while decoding. */
  warnings: string[];
}

/** The size to which pictures are scaled for reading: a cell is 18 pixels wide. */
const READ_WIDTH = 180;
const READ_HEIGHT = 320;
const LEAST_CONTRAST = 60;

/**
 * Decodes a video of the test picture, frame by frame and never whole in memory.
 * @param around an instant within 35 minutes of the recording, to tell the hour
 */
export async function readContent(file: string, around = Date.now()): Promise<Content> {
  const { audio } = await probeStreams(file);
  const video = await readFrames(file, around);
  const sound = audio ? await readSound(file, audio.sampleRate) : null;
  const { frames } = video;
  return {
    frames,
    flashes: frames.filter((frame, i) => frame.flash && i > 0 && frames[i - 1]?.flash === false),
    beeps: sound?.beeps ?? [],
    sound: sound?.sound ?? null,
    warnings: [...video.warnings, ...(sound?.warnings ?? [])],
  };
}

async function readFrames(file: string, around: number): Promise<{ frames: FrameRead[]; warnings: string[] }> {
  const size = READ_WIDTH * READ_HEIGHT;
  const picture = Buffer.alloc(size);
  let filled = 0;
  const read: ReturnType<typeof readPicture>[] = [];
  const { passed, warnings } = await decodeRaw({
    file,
    stream: 'v',
    filters: `crop='min(iw,ih*9/16)':ih,scale=${READ_WIDTH}:${READ_HEIGHT}:flags=area,format=gray,showinfo`,
    format: ['-f', 'rawvideo'],
    onData(data) {
      for (let at = 0; at < data.length;) {
        const count = data.copy(picture, filled, at, at + size - filled);
        at += count;
        filled += count;
        if (filled === size) {
          read.push(readPicture(picture));
          filled = 0;
        }
      }
    },
  });
  if (read.length !== passed.length) throw new Error(`${read.length} pictures but ${passed.length} time stamps`);
  const frames = read.map(({ code, flash }, i): FrameRead => {
    const ptsMs = passed[i]?.ptsMs ?? Number.NaN;
    if (!code) return { ptsMs, flash, ok: false };
    return { ptsMs, flash, ok: true, wallMs: unwrapWallMs(code.wallLowMs, around), counter: code.counter };
  });
  return { frames, warnings };
}

/** Reads the barcode and the flash out of one grey picture of the reading size. */
function readPicture(picture: Buffer) {
  const { x, y, cell, columns, rows } = PATTERN.code;
  const levels = Array.from({ length: columns * rows }, (_, i) =>
    brightness(picture, x + ((i % columns) + 0.5) * cell, y + (Math.floor(i / columns) + 0.5) * cell),
  );
  const [white = 0, black = 0] = levels;
  const middle = (white + black) / 2;
  const code = white - black < LEAST_CONTRAST ? null : decodeCells(levels.map((level) => level > middle));
  const { flash } = PATTERN;
  return { code, flash: brightness(picture, flash.x + flash.width / 2, flash.y + flash.height / 2) > 128 };
}

/** The mean of 8x8 pixels around a point given in the pattern's units. */
function brightness(picture: Buffer, x: number, y: number): number {
  const left = Math.round((x * READ_WIDTH) / PATTERN.width) - 4;
  const top = Math.round((y * READ_HEIGHT) / PATTERN.height) - 4;
  let sum = 0;
  for (let row = top; row < top + 8; row++) {
    for (let column = left; column < left + 8; column++) sum += picture[row * READ_WIDTH + column] ?? 0;
  }
  return sum / 64;
}

/** What is kept of each millisecond of sound. */
interface Slice {
  energy: number;
  crossings: number;
}

async function readSound(file: string, rate: number) {
  const slices: Slice[] = [];
  let index = 0;
  let last = 0;
  let odd: Buffer | null = null;
  const { passed, warnings } = await decodeRaw({
    file,
    stream: 'a',
    filters: 'aformat=sample_fmts=s16:channel_layouts=mono,ashowinfo',
    format: ['-f', 's16le'],
    onData(piece) {
      const data: Buffer = odd ? Buffer.concat([odd, piece]) : piece;
      for (let at = 0; at + 1 < data.length; at += 2) {
        const value = data.readInt16LE(at) / 32_768;
        const slice = (slices[Math.floor((index * 1000) / rate)] ??= { energy: 0, crossings: 0 });
        slice.energy += value * value;
        if (value >= 0 !== last >= 0) slice.crossings++;
        last = value;
        index++;
      }
      odd = data.length % 2 === 1 ? data.subarray(data.length - 1) : null;
    },
  });
  return { warnings, ...describeSound(slices, passed, rate) };
}

/** Gives each millisecond its place on the file's time line, then finds where beeps begin and time stamps jump. */
function describeSound(slices: Slice[], passed: Passed[], rate: number): Pick<Content, 'beeps' | 'sound'> {
  const jumps: { atMs: number; ms: number }[] = [];
  const starts: { sample: number; ptsMs: number }[] = [];
  let samples = 0;
  let expectedMs = passed[0]?.ptsMs ?? 0;
  for (const unit of passed) {
    if (Math.abs(unit.ptsMs - expectedMs) > 2) jumps.push({ atMs: expectedMs, ms: unit.ptsMs - expectedMs });
    starts.push({ sample: samples, ptsMs: unit.ptsMs });
    samples += unit.samples;
    expectedMs = unit.ptsMs + (unit.samples * 1000) / rate;
  }
  const ptsOf = (ms: number): number => {
    const sample = (ms * rate) / 1000;
    const start = starts.findLast((one) => one.sample <= sample);
    return start ? start.ptsMs + ((sample - start.sample) * 1000) / rate : Number.NaN;
  };
  const loudest = slices.reduce((most, slice) => Math.max(most, slice.energy), 0);
  // An amplitude of a quarter of the loudest is a sixteenth of its energy; a silent file has no beeps.
  const loud = slices.map((slice) => slice.energy > Math.max(loudest / 16, rate * 1e-7));
  const beeps: Beep[] = [];
  let quietMs = 100;
  loud.forEach((isLoud, ms) => {
    if (isLoud && quietMs >= 100) beeps.push({ ptsMs: ptsOf(ms), hz: pitch(slices.slice(ms + 5, ms + 45)) });
    quietMs = isLoud ? 0 : quietMs + 1;
  });
  return { beeps, sound: { startMs: passed[0]?.ptsMs ?? 0, endMs: expectedMs, jumps } };
}

function pitch(slices: Slice[]): number {
  const hz = (slices.reduce((sum, slice) => sum + slice.crossings, 0) * 500) / slices.length;
  return [BEEP.hz, BEEP.tenthHz].find((known) => Math.abs(known - hz) < known * 0.1) ?? 0;
}
