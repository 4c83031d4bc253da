import { mkdtemp, rm, truncate, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { H264, writeFakeDeviceFiles, writeSyntheticVideo, type SyntheticOptions } from '#test/fixtures/synthetic.ts';
import {
  avOffsetMs,
  clockErrorMs,
  duplicates,
  gaps,
  readable,
  wallSpan,
  withoutRepeats,
} from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { isUpright, measureAspect, readPictureAt, showsOutside } from '#test/support/picture.ts';

/** Ends in .500, so that the first whole second comes after half a second, and the second one is a tenth. */
const START = 1_795_000_008_500;
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'goodtake-content-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function make(name: string, options: Partial<SyntheticOptions> = {}): Promise<string> {
  const file = join(folder, name);
  const small = { seconds: 3, width: 360, height: 640, startWallMs: START, encoding: H264 };
  await writeSyntheticVideo({ file, ...small, ...options });
  return file;
}

describe('a whole video is read', { timeout: 60_000 }, () => {
  test('each frame, beep and flash of H.264 at 1 Mb/s', async () => {
    const content = await readContent(await make('whole.mp4', { width: 720, height: 1280 }), START + 1e6);
    expect(content.warnings).toEqual([]);
    expect(readable(content.frames)).toHaveLength(90);
    expect(content.frames[0]).toMatchObject({ ptsMs: 0, wallMs: START, counter: 0 });
    expect(wallSpan(content.frames)).toEqual({ firstMs: START, lastMs: START + 2967 });
    expect(content.beeps.map((beep) => beep.hz)).toEqual([1000, 2000, 1000]);
    expect(content.beeps.map((beep) => Math.round(beep.ptsMs / 5) * 5)).toEqual([500, 1500, 2500]);
    expect(content.flashes.map((flash) => Math.round(flash.ptsMs))).toEqual([500, 1500, 2500]);
    expect(Math.abs(avOffsetMs(content))).toBeLessThan(5);
    expect(clockErrorMs(content.frames)).toBeLessThanOrEqual(1);
    expect([gaps(content.frames), duplicates(content.frames), content.sound?.jumps]).toEqual([[], 0, []]);
  });

  test('VP8 with Opus in WebM', async () => {
    const encoding = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '500k', '-c:a', 'libopus'];
    const content = await readContent(await make('vp8.webm', { encoding }), START);
    expect(readable(content.frames)).toHaveLength(90);
    expect(Math.abs(avOffsetMs(content))).toBeLessThan(10);
  });

  test('a landscape picture, by its middle', async () => {
    const content = await readContent(await make('wide.mp4', { width: 1280, height: 720 }), START);
    expect(readable(content.frames)).toHaveLength(90);
  });
});

describe('faults are found', { timeout: 60_000 }, () => {
  test.each([80, -120])('sound %i ms out of step', async (soundLateMs) => {
    const content = await readContent(await make(`late${soundLateMs}.mp4`, { soundLateMs }), START);
    expect(Math.abs(avOffsetMs(content) - soundLateMs)).toBeLessThan(5);
  });

  test('missing frames are a gap', async () => {
    const content = await readContent(await make('gap.mp4', { filters: "select='not(between(n,30,44))'" }), START);
    expect(content.frames).toHaveLength(75);
    expect(gaps(content.frames).map((gap) => Math.round(gap.ms))).toEqual([533]);
    expect(duplicates(content.frames)).toBe(0);
  });

  test('a frozen picture is duplicates, and its clock stands', async () => {
    const filters = 'loop=loop=15:size=1:start=30,setpts=N/30/TB';
    const content = await readContent(await make('frozen.mp4', { filters }), START);
    expect(duplicates(content.frames)).toBe(15);
    // Where a transcode may repeat frames, a picture that stands too long is a gap all the same.
    expect(duplicates(withoutRepeats(content.frames))).toBe(0);
    expect(gaps(withoutRepeats(content.frames)).map((gap) => Math.round(gap.ms))).toEqual([533]);
    expect(Math.abs(clockErrorMs(content.frames) - 500)).toBeLessThanOrEqual(2);
  });

  test('a black picture has no readable frame', async () => {
    const content = await readContent(await make('black.mp4', { filters: 'drawbox=t=fill:color=black' }), START);
    expect(content.frames).toHaveLength(90);
    expect(readable(content.frames)).toEqual([]);
    expect(() => wallSpan(content.frames)).toThrow('no frame');
  });

  test('a truncated file', async () => {
    const file = await make('cut.mkv');
    await truncate(file, Math.round((await stat(file)).size / 2));
    const content = await readContent(file, START);
    expect(content.warnings.length).toBeGreaterThan(0);
    expect(readable(content.frames).length).toBeGreaterThan(20);
    expect(readable(content.frames).length).toBeLessThan(80);
  });

  test('a file that is no video', async () => {
    const { audio } = await writeFakeDeviceFiles(folder, 1);
    await expect(readContent(audio, START)).rejects.toThrow('could not decode');
  });
});

describe('the shape of the picture', { timeout: 60_000 }, () => {
  test.each([
    ['portrait', { width: 720, height: 1280 }, { aspect: 1, upright: true, outside: false }],
    ['cropped', { width: 1280, height: 720, filters: 'crop=404:720' }, { aspect: 1, upright: true, outside: false }],
    ['off the middle', { width: 1280, height: 720, filters: 'crop=404:720:400:0' }, { upright: false, outside: true }],
    ['stretched', { width: 1280, height: 720, filters: 'scale=360:640' }, { aspect: 0.32, outside: true }],
    ['squeezed by its pixels', { filters: 'setsar=4/3' }, { aspect: 1.33 }],
    ['mirrored', { filters: 'hflip' }, { aspect: 1, upright: false }],
    ['upside down', { filters: 'vflip,hflip' }, { aspect: 1, upright: false }],
  ])('%s', async (name, options, expected: { aspect?: number; upright?: boolean; outside?: boolean }) => {
    const file = await make(`${name.replaceAll(' ', '-')}.mp4`, { seconds: 1, ...options });
    const picture = await readPictureAt(file, 500);
    if (expected.aspect) expect(Math.abs(measureAspect(picture) - expected.aspect)).toBeLessThan(0.04);
    if (expected.upright !== undefined) expect(isUpright(picture)).toBe(expected.upright);
    if (expected.outside !== undefined) expect(showsOutside(picture)).toBe(expected.outside);
  });
});
