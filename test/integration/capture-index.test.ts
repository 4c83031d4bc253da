import { appendFile, mkdtemp, open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCaptureIndex, type CaptureIndex } from '#recorder/capture-index.ts';
import { watchCapture } from '#recorder/capture-watch.ts';
import { probePackets } from '#recorder/probe-packets.ts';
import { makeCapture, type CaptureOptions } from '#test/fixtures/captures.ts';
import { findTool } from '#test/support/tools.ts';

const TOOLS = { ffprobePath: findTool('FFPROBE_PATH', 'ffprobe') };
/** ffprobe does not know how long the last packet of sound lasts, and WebM does not say it of the last picture. */
const LAST_PACKET_MS = 40;
/** What an Opus encoder puts before its sound; in WebM it is a head of its own, which a recorder's packets do not have. */
const CODEC_DELAY_MS = 7;

let folder: string;
const opened: FileHandle[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-index-'));
  await makeCapture(join(folder, 'base.mp4'));
  await makeCapture(join(folder, 'base.webm'), { video: 'vp8' });
}, 30_000);
afterAll(async () => {
  await Promise.all(opened.map((file) => file.close()));
  await rm(folder, { recursive: true });
});

async function indexOf(path: string): Promise<CaptureIndex> {
  const file = await open(path, 'r');
  opened.push(file);
  return createCaptureIndex(file, path.endsWith('.mp4') ? 'mp4' : 'webm');
}

const cases: { name: string; file: string; options: CaptureOptions }[] = [
  { name: 'picture and sound', file: 'both.mp4', options: {} },
  {
    name: 'large pictures',
    file: 'large.mp4',
    options: { width: 1080, height: 1920, filter: 'noise=alls=60:allf=t', seconds: 3 },
  },
  { name: 'fragments of 40 ms', file: 'short.mp4', options: { extra: ['-frag_duration', '40000'] } },
  { name: 'sound that begins late', file: 'late-sound.mp4', options: { audioLateMs: 700 } },
  { name: 'a picture that begins late', file: 'late-picture.mp4', options: { videoLateMs: 700 } },
  { name: 'no sound', file: 'silent.mp4', options: { audio: null } },
  { name: 'VP8', file: 'both.webm', options: { video: 'vp8' } },
  {
    name: 'VP8 in clusters of 40 ms',
    file: 'short.webm',
    options: { video: 'vp8', extra: ['-cluster_time_limit', '40'] },
  },
  { name: 'VP8 without sound', file: 'silent.webm', options: { video: 'vp8', audio: null } },
];

test.each(cases)('reads what a decoder reads: $name', async ({ file, options }) => {
  const path = join(folder, file);
  await makeCapture(path, options);
  const index = await indexOf(path);
  await index.update();
  const { video, audio } = await probePackets(path, TOOLS);
  const { length } = await readFile(path);
  expect(index.bytes).toBe(length);
  expect([index.video?.packets, index.audio?.packets]).toEqual([video?.count, audio?.count]);
  for (const [mine, theirs] of [
    [index.video, video],
    [index.audio, audio],
  ] as const) {
    expect(Math.abs((mine?.startMs ?? 0) - (theirs?.startMs ?? 0))).toBeLessThanOrEqual(CODEC_DELAY_MS);
    expect(Math.abs((mine?.endMs ?? 0) - (theirs?.endMs ?? 0))).toBeLessThan(LAST_PACKET_MS);
  }
  expect(index.size).toEqual({ width: video?.sizes[0]?.width, height: video?.sizes[0]?.height });
});

test.each(['base.mp4', 'base.webm'])('a file that grows by odd pieces gives the same: %s', async (name) => {
  const whole = await readFile(join(folder, name));
  const at = await indexOf(join(folder, name));
  await at.update();
  const growing = join(folder, `growing-${name}`);
  await writeFile(growing, '');
  const index = await indexOf(growing);
  let seen = 0;
  for (let start = 0; start < whole.length; start += 997) {
    await appendFile(growing, whole.subarray(start, start + 997));
    await index.update();
    expect(index.bytes).toBeLessThanOrEqual(start + 997);
    expect(index.video?.packets ?? 0).toBeGreaterThanOrEqual(seen);
    seen = index.video?.packets ?? 0;
  }
  expect({ ...pick(index) }).toEqual({ ...pick(at) });
});

const pick = ({ video, audio, size, bytes }: CaptureIndex) => ({ video, audio, size, bytes });

test.each(['base.mp4', 'base.webm'])('the watch of a file that was cut off vouches for nothing: %s', async (name) => {
  const whole = await readFile(join(folder, name));
  const container = name.endsWith('.mp4') ? ('mp4' as const) : ('webm' as const);
  const cut = join(folder, `cut-${name}`);
  for (const bytes of [0, 5, Math.floor(whole.length / 2), whole.length - 1]) {
    await writeFile(cut, whole.subarray(0, bytes));
    const watch = await watchCapture(cut, container);
    expect(await watch.close(), `${bytes} bytes`).toBeNull();
  }
  await writeFile(cut, whole);
  const watch = await watchCapture(cut, container);
  await watch.firstPicture;
  const closed = watch.close();
  expect(watch.close()).toBe(closed);
  expect(await closed).toMatchObject({ bytes: whole.length });
});

test('garbage is not understood, and nothing is read beyond it', async () => {
  for (const name of ['garbage.mp4', 'garbage.webm']) {
    const path = join(folder, name);
    await writeFile(path, Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) & 0xff)));
    const index = await indexOf(path);
    await index.update();
    expect([index.video, index.audio, index.size]).toEqual([null, null, null]);
  }
});
