import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probePackets } from '#recorder/probe-packets.ts';
import { probe } from '#recorder/probe.ts';
import { publish, type Published } from '#recorder/publish.ts';
import { makeCapture, type CaptureOptions } from '#test/fixtures/captures.ts';
import { beeps, codedVideo, decodeErrors, flashes, frames, sound } from '#test/support/flash-beep.ts';
import { findTool } from '#test/support/tools.ts';

const ffmpegPath = findTool('FFMPEG_PATH', 'ffmpeg');
const ffprobePath = findTool('FFPROBE_PATH', 'ffprobe');
const TEST_TIMEOUT_MS = 60_000;
/** How far apart picture and sound may be after publishing, compared with before. */
const SYNC_TOLERANCE_MS = 10;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-publish-'));
});
afterAll(() => rm(folder, { recursive: true }));

const capture = (name: string, options: CaptureOptions = {}) => makeCapture(join(folder, name), options);

async function published(file: string): Promise<Published> {
  const shares: number[] = [];
  const result = await publish({
    capture: file,
    output: join(folder, `${basename(file)}.published.mp4`),
    ffmpegPath,
    ffprobePath,
    onProgress: (share) => shares.push(share),
  });
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  const data = await readFile(result.file);
  expect(result).toMatchObject({ bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') });
  expect(await decodeErrors(result.file)).toBe('');
  return result;
}

/** Sound minus picture for each pair of beep and flash from 0.5 s on, before and after. */
async function offsets(file: string): Promise<number[]> {
  const [seen, heard] = [await flashes(file), await beeps(file)];
  return seen.flatMap((at) => {
    const near = heard.find((beep) => Math.abs(beep - at) < 500);
    return at < 500 || near === undefined ? [] : [near - at];
  });
}

async function expectSameOffset(before: string, after: string): Promise<void> {
  const [was, is] = [await offsets(before), await offsets(after)];
  expect(is.length).toBeGreaterThanOrEqual(3);
  const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  for (const offset of is) expect(Math.abs(offset - median(was))).toBeLessThan(SYNC_TOLERANCE_MS);
}

describe('a portrait H.264 capture', { timeout: TEST_TIMEOUT_MS }, () => {
  test.each(['portrait.mp4', 'portrait.mkv'])('%s keeps its picture, and its sound becomes AAC', async (name) => {
    const file = await capture(name);
    const result = await published(file);
    expect(result).toMatchObject({ transcoded: false, width: 360, height: 640 });
    expect(await codedVideo(result.file)).toBe(await codedVideo(file));
    expect(Math.abs(result.durationMs - 4_000)).toBeLessThan(100);
    await expectSameOffset(file, result.file);
    const facts = await probe(result.file, { ffprobePath });
    expect(facts).toMatchObject({
      container: 'mp4',
      faststart: true,
      video: { codec: 'h264', width: 360, height: 640, sar: 1, rotation: 0 },
      audio: { codec: 'aac', profile: 'LC', sampleRate: 48_000, channels: 1 },
    });
  });

  test('takes any name of a file', async () => {
    const file = await capture("-i a b 'c' %d,[x];$HOME.mkv", { seconds: 1 });
    expect((await stat((await published(file)).file)).size).toBeGreaterThan(1_000);
  });

  test('keeps both channels', async () => {
    const result = await published(await capture('stereo.mkv', { channels: 2, seconds: 1 }));
    expect((await probe(result.file, { ffprobePath })).audio).toMatchObject({ codec: 'aac', channels: 2 });
  });

  test('brings mono sound of 24 kHz to 48 kHz', async () => {
    const file = await capture('mono24.mkv', { extra: ['-ar', '24000'] });
    const result = await published(file);
    expect((await probe(result.file, { ffprobePath })).audio).toMatchObject({ sampleRate: 48_000, channels: 1 });
    await expectSameOffset(file, result.file);
  });

  test('without sound gets a silent track as long as the picture', async () => {
    const result = await published(await capture('mute.mp4', { audio: null }));
    const { audio } = await probePackets(result.file, { ffprobePath });
    expect(Math.abs((audio?.endMs ?? 0) - 4_000)).toBeLessThan(50);
    expect((await sound(result.file)).every((value) => value === 0)).toBe(true);
  });

  test.each(['early-sound.mp4', 'early-sound.mkv'])('%s begins at its first picture', async (name) => {
    const file = await capture(name, { videoLateMs: 400 });
    const result = await published(file);
    expect(result.transcoded).toBe(false);
    expect((await frames(result.file))[0]?.atMs).toBeLessThan(1);
    expect(Math.abs(result.durationMs - 4_000)).toBeLessThan(100);
    await expectSameOffset(file, result.file);
  });

  test.each(['late-sound.mp4', 'late-sound.mkv'])('%s begins with silence', async (name) => {
    const file = await capture(name, { audioLateMs: 250 });
    const result = await published(file);
    expect(Math.abs(result.durationMs - 4_250)).toBeLessThan(100);
    expect((await sound(result.file)).subarray(0, 10_000).every((value) => Math.abs(value) < 100)).toBe(true);
    await expectSameOffset(file, result.file);
  });

  test('stays in step after a gap in the sound', async () => {
    const file = await capture('gap.mkv', { extra: ['-bsf:a', "noise=drop='between(n,60,80)'"] });
    const result = await published(file);
    await expectSameOffset(file, result.file);
    expect(await beeps(result.file)).toHaveLength(4);
  });

  test('stays in step when frames are missing', async () => {
    const file = await capture('dropped.mkv', { filter: "select='not(between(mod(n,30),10,24))'" });
    const result = await published(file);
    expect(result.transcoded).toBe(false);
    expect(await frames(result.file)).toHaveLength(60);
    await expectSameOffset(file, result.file);
  });

  test.each(['killed.mp4', 'killed.mkv'])(
    '%s, cut off in the middle of a frame, is published up to there',
    async (name) => {
      const file = await capture(name);
      await truncate(file, Math.floor((await stat(file)).size * 0.6) + 7);
      const left = await probePackets(file, { ffprobePath });
      const result = await published(file);
      const end = Math.max(left.video?.endMs ?? 0, left.audio?.endMs ?? 0) - (left.video?.startMs ?? 0);
      expect(Math.abs(result.durationMs - end)).toBeLessThan(100);
      expect(result.durationMs).toBeGreaterThan(1_000);
      expect(result.durationMs).toBeLessThan(3_500);
    },
  );

  test('leaves no other file behind', async () => {
    expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([]);
  });
});
