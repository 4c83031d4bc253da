import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createPublishQueue } from '#recorder/publish-queue.ts';
import { publish } from '#recorder/publish.ts';
import { makeCapture } from '#test/fixtures/captures.ts';
import { findTool } from '#test/support/tools.ts';

const ffmpegPath = findTool('FFMPEG_PATH', 'ffmpeg');
const ffprobePath = findTool('FFPROBE_PATH', 'ffprobe');
let folder: string;
let output: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-publish-'));
  output = join(folder, 'output.mp4');
  return () => rm(folder, { recursive: true });
});

/** Nothing of an attempt is left beside its capture. */
const left = async () => (await readdir(folder)).filter((name) => name.startsWith('output'));
const attempt = (capture: string, more: { signal?: AbortSignal; ffmpegPath?: string; ffprobePath?: string } = {}) =>
  publish({ capture, output, ffmpegPath, ffprobePath, ...more });
const sample = (name: string, options = {}) => makeCapture(join(folder, name), { seconds: 2, ...options });
async function script(name: string, ...lines: string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(file, 0o755);
  return file;
}

test.each([
  ['of no bytes', Buffer.alloc(0)],
  ['of noise', randomBytes(200_000)],
  ['of text', Buffer.from('WEBVTT\n\n00:00.000 --> 00:01.000\nno video\n')],
  ['that is a playlist of other files', Buffer.from('#EXTM3U\n#EXTINF:1,\nfile:/etc/passwd\n')],
  ['that names other files', Buffer.from("ffconcat version 1.0\nfile '/etc/passwd'\n")],
])('a capture %s is refused', async (_name, content) => {
  const capture = join(folder, 'capture.mp4');
  await writeFile(capture, content);
  await expect(attempt(capture)).rejects.toMatchObject({
    code: 'media_unsupported',
    cause: expect.any(Error) as Error,
  });
  expect(await left()).toEqual([]);
});

test('a capture that is not there is refused', async () => {
  await expect(attempt(join(folder, 'none.mkv'))).rejects.toMatchObject({ code: 'not_found' });
});

test('a capture without a picture is refused', async () => {
  await expect(attempt(await sample('sound.mkv', { video: null }))).rejects.toMatchObject({ code: 'media_missing' });
  expect(await left()).toEqual([]);
});

test('a missing ffmpeg, ffprobe or folder is an error with its cause', async () => {
  const capture = await sample('capture.mkv');
  const failed = { code: 'recorder_failed', cause: expect.any(Error) as Error };
  await expect(attempt(capture, { ffmpegPath: '/nowhere/ffmpeg' })).rejects.toMatchObject(failed);
  await expect(attempt(capture, { ffprobePath: '/nowhere/ffprobe' })).rejects.toMatchObject(failed);
  const elsewhere = join(folder, 'none', 'output.mp4');
  await expect(publish({ capture, output: elsewhere, ffmpegPath, ffprobePath })).rejects.toMatchObject(failed);
  expect(await left()).toEqual([]);
});

test('an ffmpeg that says it succeeded and wrote something else is not believed', async () => {
  const capture = await sample('capture.mkv');
  const other = await sample('other.mp4', { seconds: 1 });
  // The last argument is the output, as a URL.
  const lying = await script('ffmpeg', 'for last; do :; done', `cp '${other}' "\${last#file:}"`);
  await expect(attempt(capture, { ffmpegPath: lying })).rejects.toMatchObject({ code: 'recorder_failed' });
  const lazy = await script('ffmpeg', 'exit 0');
  await expect(attempt(capture, { ffmpegPath: lazy })).rejects.toMatchObject({ name: 'AppError' });
  expect(await left()).toEqual([]);
});

test('an aborted publish leaves nothing, and gives the reason', async () => {
  const capture = await sample('capture.mkv', { width: 960, seconds: 10 });
  const controller = new AbortController();
  const reason = new Error('not wanted any more');
  const running = publish({
    ...{ capture, output, ffmpegPath, ffprobePath },
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
  await expect(attempt(capture, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await left()).toEqual([]);
}, 30_000);

/** The arguments of a transcode, and where it writes. */
const TRANSCODE = 'case "$*" in *libx264*) ;; *) exec REAL "$@" ;; esac; for last; do :; done; out="${last#file:}"';
const transcoding = TRANSCODE.replace('REAL', `'${ffmpegPath}'`);

test('the queue runs no more transcodes at once than it may, and lets remuxes pass', async () => {
  const slow = await sample('slow.mkv', { width: 640 });
  const quick = await sample('quick.mkv');
  const log = join(folder, 'log');
  const passed = join(folder, 'output-quick.mp4');
  const patient = await script(
    'ffmpeg',
    transcoding,
    `echo start >> '${log}'`,
    `until [ -e '${passed}' ]; do sleep 0.02; done`,
    `'${ffmpegPath}' "$@"; code=$?`,
    `echo end >> '${log}'`,
    'exit $code',
  );
  const queue = createPublishQueue({ concurrency: 1, ffmpegPath: patient, ffprobePath });
  const job = (capture: string, name: string) => queue.publish({ capture, output: join(folder, `output-${name}.mp4`) });
  const [one, two] = await Promise.all([job(slow, 'slow-1'), job(slow, 'slow-2'), job(quick, 'quick')]);
  expect([one.transcoded, two.transcoded]).toEqual([true, true]);
  expect(await readFile(log, 'utf8')).toBe('start\nend\nstart\nend\n');
  expect(queue.pending).toBe(0);
  await queue.close();
}, 30_000);

test('a job that waits can be aborted, and closing the queue ends the others', async () => {
  const capture = await sample('capture.mkv', { width: 640 });
  const endless = await script('ffmpeg', transcoding, ': > "$out"', "echo 'time=00:00:01.00' >&2", 'exec sleep 600');
  const queue = createPublishQueue({ concurrency: 1, ffmpegPath: endless, ffprobePath });
  const started = Promise.withResolvers<undefined>();
  const first = queue.publish({ capture, output, onProgress: () => started.resolve(undefined) });
  const controller = new AbortController();
  const second = queue.publish({ capture, output: `${output}.2.mp4`, signal: controller.signal });
  const third = queue.publish({ capture, output: `${output}.3.mp4` });
  const ends = Promise.allSettled([first, second, third]);
  await started.promise;
  const reason = new Error('not wanted any more');
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  expect(queue.pending).toBe(2);
  await queue.close();
  expect((await ends).map((end) => end.status)).toEqual(['rejected', 'rejected', 'rejected']);
  await expect(first).rejects.toMatchObject({ code: 'shutting_down' });
  await expect(third).rejects.toMatchObject({ code: 'shutting_down' });
  await expect(queue.publish({ capture, output })).rejects.toMatchObject({ code: 'shutting_down' });
  expect(await left()).toEqual([]);
}, 30_000);
