import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probePackets } from '#recorder/probe-packets.ts';
import { probe } from '#recorder/probe.ts';
import { publish, type Published } from '#recorder/publish.ts';
import {
  makeCapture,
  makeResizedCapture,
  makeResizedVp8Capture,
  type CaptureOptions,
} from '#test/fixtures/captures.ts';
import { writeSyntheticVideo } from '#test/fixtures/synthetic.ts';
import { avOffsetMs, readable } from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { beeps, decodeErrors, flashes, frames } from '#test/support/flash-beep.ts';
import { isUpright, measureAspect, readPictureAt, showsOutside } from '#test/support/picture.ts';
import { findTool } from '#test/support/tools.ts';

const ffmpegPath = findTool('FFMPEG_PATH', 'ffmpeg');
const ffprobePath = findTool('FFPROBE_PATH', 'ffprobe');
const TEST_TIMEOUT_MS = 90_000;
const START_WALL_MS = Date.UTC(2026, 0, 1);
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p', '-c:a', 'libopus'];
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '3M', '-c:a', 'libopus'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-publish-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Publishes, and checks what holds for every transcoded video. */
async function published(capture: string): Promise<Published> {
  const output = join(folder, `${basename(capture)}.published.mp4`);
  const result = await publish({ capture, output, ffmpegPath, ffprobePath });
  expect(result.transcoded).toBe(true);
  expect(await decodeErrors(output)).toBe('');
  const { video, audio, faststart } = await probe(output, { ffprobePath });
  expect({ video, faststart }).toMatchObject({
    faststart: true,
    video: { codec: 'h264', sar: 1, rotation: 0, width: result.width, height: result.height, pixelFormat: 'yuv420p' },
  });
  expect(video?.colour).toEqual({ range: 'tv', space: 'bt709', primaries: 'bt709', transfer: 'bt709' });
  expect(video?.level).toBeLessThanOrEqual(40);
  expect(audio).toMatchObject({ codec: 'aac', profile: 'LC', sampleRate: 48_000 });
  expect(result.width * 16).toBe(result.height * 9);
  const { atMs } = (await frames(output))[0] ?? { atMs: NaN };
  expect(Math.abs(atMs)).toBeLessThan(1);
  // Constant frame rate: each frame on the grid of 1/30 s.
  const grid = (await frames(output)).map((frame) => (frame.atMs * 30) / 1000);
  expect(grid.every((at, index) => Math.abs(at - index) < 0.05)).toBe(true);
  return result;
}

const pattern = async (name: string, width: number, height: number, encoding = H264, filters = 'null') => {
  const file = join(folder, name);
  await writeSyntheticVideo({ file, seconds: 3, width, height, startWallMs: START_WALL_MS, filters, encoding });
  return file;
};
const flashing = (name: string, options: CaptureOptions) => makeCapture(join(folder, name), options);

/** Sound minus picture of each second but the first. */
async function offsets(file: string): Promise<number[]> {
  const [seen, heard] = [await flashes(file), await beeps(file)];
  return seen.slice(1).map((at, index) => (heard.slice(1)[index] ?? NaN) - at);
}

describe('shapes', { timeout: TEST_TIMEOUT_MS }, () => {
  test.each([
    { name: 'landscape.mp4', size: [1280, 720], becomes: [396, 704] },
    { name: 'landscape-vp8.mkv', size: [1280, 720], encoding: VP8, becomes: [396, 704] },
    { name: 'portrait-vp8.mkv', size: [720, 1280], encoding: VP8, becomes: [720, 1280] },
    { name: 'too-large.mkv', size: [1080, 1920], becomes: [720, 1280] },
    { name: 'three-by-four.mkv', size: [480, 640], becomes: [360, 640] },
    {
      name: 'odd.mkv',
      size: [721, 1281],
      encoding: [...H264.slice(0, -4), '-pix_fmt', 'yuv444p', '-c:a', 'libopus'],
      becomes: [720, 1280],
    },
    { name: 'odd-vp8.mkv', size: [405, 719], encoding: VP8, becomes: [396, 704] },
    { name: 'wide-pixels.mkv', size: [720, 1280], filters: 'scale=360:1280,setsar=2', becomes: [720, 1280] },
    { name: 'tall-pixels.mkv', size: [720, 1280], filters: 'scale=720:640,setsar=1/2', becomes: [360, 640] },
  ])('$name is cropped to the middle, not stretched', async ({ name, size, becomes, encoding, filters }) => {
    const [width = 0, height = 0] = size;
    const file = await pattern(name, width, height, encoding, filters);
    const result = await published(file);
    expect([result.width, result.height]).toEqual(becomes);
    const picture = await readPictureAt(result.file, 500);
    expect(Math.abs(measureAspect(picture) - 1)).toBeLessThan(0.02);
    expect(isUpright(picture)).toBe(true);
    expect(showsOutside(picture)).toBe(false);
  });

  test('a picture that is to be turned is upright afterwards', async () => {
    const flat = await pattern('flat.mp4', 720, 1280, H264, 'transpose=cclock');
    const turned = join(folder, 'turned.mp4');
    const args = ['-v', 'error', '-i', flat, '-c', 'copy', '-metadata:s:v:0', 'rotate=270', turned];
    await promisify(execFile)(ffmpegPath, args);
    expect((await probe(turned, { ffprobePath })).video?.rotation).not.toBe(0);
    const result = await published(turned);
    expect([result.width, result.height]).toEqual([720, 1280]);
    const picture = await readPictureAt(result.file, 500);
    expect(Math.abs(measureAspect(picture) - 1)).toBeLessThan(0.02);
    expect(isUpright(picture)).toBe(true);
  });

  test('a tiny picture becomes as large as decoders need', async () => {
    expect(
      await published(await flashing('tiny.mkv', { width: 90, height: 160, video: 'vp8', seconds: 1 })),
    ).toMatchObject({
      width: 180,
      height: 320,
    });
  });

  test('ten bits a sample become eight', async () => {
    const extra = ['-profile:v', 'high10', '-pix_fmt', 'yuv420p10le'];
    expect(await published(await flashing('ten-bits.mkv', { extra, seconds: 1 }))).toMatchObject({ width: 360 });
  });

  test('a level above 4.0 is coded anew', async () => {
    expect(await published(await flashing('level.mkv', { extra: ['-level:v', '5.1'], seconds: 1 }))).toMatchObject({
      width: 360,
    });
  });
});

describe('time', { timeout: TEST_TIMEOUT_MS }, () => {
  test('every frame of the source is there, at its time', async () => {
    const file = await pattern('frames.mkv', 1280, 720);
    const before = await readContent(file, START_WALL_MS);
    const after = await readContent((await published(file)).file, START_WALL_MS);
    const counters = readable(after.frames).map((frame) => frame.counter);
    expect(counters).toEqual(readable(before.frames).map((frame) => frame.counter));
    expect(counters).toHaveLength(90);
    expect(Math.abs(avOffsetMs(after) - avOffsetMs(before))).toBeLessThan(10);
  });

  test.each(['resized.mp4', 'resized.mkv'])('%s, whose size changes twice, gets one size', async (name) => {
    const sizes = [
      [180, 320],
      [360, 640],
      [640, 360],
    ] as const;
    const file = await makeResizedCapture(join(folder, name), sizes);
    expect((await probePackets(file, { ffprobePath })).video?.sizes).toHaveLength(3);
    const result = await published(file);
    expect(result).toMatchObject({ width: 360, height: 640 });
    expect(await frames(result.file)).toHaveLength(180);
    expect(await flashes(result.file)).toHaveLength(6);
    for (const offset of await offsets(result.file)) expect(Math.abs(offset)).toBeLessThan(20);
  });

  test('a VP8 picture that changes its size gets one size', async () => {
    const sizes = [
      [180, 320],
      [360, 640],
    ] as const;
    const file = await makeResizedVp8Capture(join(folder, 'resized-vp8.mkv'), sizes);
    const { video } = await probePackets(file, { ffprobePath });
    expect(video?.sizes.map(({ width, height }) => [width, height])).toEqual(sizes);
    const result = await published(file);
    expect(result).toMatchObject({ width: 360, height: 640 });
    expect(await flashes(result.file)).toHaveLength(4);
    for (const offset of await offsets(result.file)) expect(Math.abs(offset)).toBeLessThan(40);
  });

  test('a VP8 capture whose sound starts earlier stays in step', async () => {
    const file = await flashing('early.mkv', { video: 'vp8', videoLateMs: 400 });
    const result = await published(file);
    const [was, is] = [await flashes(file), await flashes(result.file)];
    const [heardWas, heardIs] = [await beeps(file), await beeps(result.file)];
    const shift = (was[1] ?? NaN) - (is[1] ?? NaN);
    expect(Math.abs(shift - 407)).toBeLessThan(10);
    for (const at of heardIs) expect(heardWas.some((beep) => Math.abs(beep - shift - at) < 10)).toBe(true);
    expect(Math.abs(result.durationMs - 4_000)).toBeLessThan(100);
  });

  test('a variable frame rate becomes constant, in step', async () => {
    const filter = "select='not(between(mod(n,30),10,24))'";
    const file = await flashing('variable.mkv', { video: 'vp8', filter });
    const result = await published(file);
    expect(await frames(result.file)).toHaveLength(120);
    const was = await offsets(file);
    for (const [index, offset] of (await offsets(result.file)).entries()) {
      expect(Math.abs(offset - (was[index] ?? NaN))).toBeLessThan(10);
    }
  });

  test('60 frames a second become 30', async () => {
    const file = await flashing('fast.mkv', { video: 'vp8', filter: 'fps=60', seconds: 2 });
    const result = await published(file);
    const count = (await frames(result.file)).length;
    expect(Math.abs(count - (result.durationMs * 30) / 1000)).toBeLessThan(1);
  });
});

test('a damaged picture is mended by a transcode, so that no player stops at it', async () => {
  const capture = await makeCapture(join(folder, 'damaged.mp4'), { filter: 'noise=alls=20:allf=t' });
  const file = await open(capture, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(600, 0x55), 0, 600, Math.floor(size * 0.6));
  await file.close();
  expect(await decodeErrors(capture)).not.toBe('');
  const { durationMs } = await published(capture);
  expect(Math.abs(durationMs - 4_000)).toBeLessThan(100);
});
