/// <reference lib="dom" />
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CameraOptions } from '#test/fixtures/camera.ts';
import { writeFakeDeviceFiles } from '#test/fixtures/synthetic.ts';
import { startBrowser, type TestBrowser } from '#test/support/browser.ts';
import { avOffsetMs, duplicates, gaps, median, readable, wallSpan } from '#test/support/content-checks.ts';
import { readContent } from '#test/support/content.ts';
import { isUpright, measureAspect, readPictureAt, showsOutside } from '#test/support/picture.ts';

let server: Server;
let origin = '';
let folder = '';
let browser: TestBrowser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-camera-'));
  server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>test</title>'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://localhost:${(server.address() as AddressInfo).port}/`;
  browser = await startBrowser({ camera: { variant: 'portrait' } });
  await browser.page.goto(origin);
}, 60_000);
afterAll(async () => {
  await browser.close();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends the camera through a WebRTC connection at 1 Mb/s, records `seconds` of frames at the far end and saves them. */
async function recordOverWebRtc({ page }: TestBrowser, name: string, mimeType: string, seconds: number) {
  const base64 = await page.evaluate(
    async ([mime, length]) => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
      const received = new MediaStream();
      far.ontrack = ({ track }) => received.addTrack(track);
      for (const track of stream.getTracks()) {
        const sender = near.addTrack(track, stream);
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.maxBitrate = 1_000_000;
        if (track.kind === 'video') parameters.degradationPreference = 'maintain-resolution';
        await sender.setParameters(parameters);
      }
      const video = near.getTransceivers().find((one) => one.sender.track?.kind === 'video');
      const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
      video?.setCodecPreferences(codecs.filter((codec) => codec.mimeType === mime));
      const describe = async (end: RTCPeerConnection) => {
        await end.setLocalDescription();
        while (end.iceGatheringState !== 'complete') {
          await new Promise((resolve) => end.addEventListener('icegatheringstatechange', resolve, { once: true }));
        }
        return end.localDescription!;
      };
      await far.setRemoteDescription(await describe(near));
      await near.setRemoteDescription(await describe(far));
      // Sound from afar only flows while an element plays it.
      const player = document.createElement('video');
      player.muted = true;
      player.srcObject = received;
      await player.play();
      /** Waits until `count` more frames of the camera's size have arrived; frames are shown in front only. */
      const arrived = async (count: number) => {
        const { width } = stream.getVideoTracks()[0]!.getSettings();
        let from: number | null = null;
        for (;;) {
          const reports = [...(await far.getStats()).values()] as { framesDecoded?: number; frameWidth?: number }[];
          const video = reports.find(({ frameWidth }) => frameWidth === width);
          if (video?.framesDecoded !== undefined) from ??= video.framesDecoded;
          if (from !== null && (video?.framesDecoded ?? 0) >= from + count) return;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      // The bit rate has to rise before the picture is clear enough to be read.
      await arrived(45);
      const recorder = new MediaRecorder(received, { videoBitsPerSecond: 8_000_000 });
      const pieces: Blob[] = [];
      recorder.ondataavailable = ({ data }) => pieces.push(data);
      recorder.start();
      await arrived(length * 30);
      recorder.stop();
      await new Promise((resolve) => (recorder.onstop = resolve));
      near.close();
      far.close();
      for (const track of stream.getTracks()) track.stop();
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      let text = '';
      for (let at = 0; at < bytes.length; at += 30_000) text += String.fromCharCode(...bytes.subarray(at, at + 30_000));
      return btoa(text);
    },
    [mimeType, seconds] as const,
  );
  const file = join(folder, name);
  await writeFile(file, Buffer.from(base64, 'base64'));
  return file;
}

/** For each whole second how much later its beep left the camera than its flash, in milliseconds. */
async function measureSource({ page }: TestBrowser, seconds: number): Promise<number[]> {
  return page.evaluate(async (length) => {
    interface Processor<T> {
      readable: ReadableStream<T>;
    }
    const Processor = (
      window as unknown as Record<string, new (init: { track: MediaStreamTrack }) => Processor<never>>
    )['MediaStreamTrackProcessor']!;
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    const until = performance.now() + length * 1000;
    const flashes: number[] = [];
    const beeps: number[] = [];
    const watchVideo = async (reader: ReadableStreamDefaultReader<VideoFrame>) => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
      let before = true;
      while (performance.now() < until) {
        const { value: frame } = await reader.read();
        if (!frame) break;
        const at = performance.now();
        canvas.drawImage(frame, frame.displayWidth / 2, 780, 1, 1, 0, 0, 1, 1);
        frame.close();
        const white = canvas.getImageData(0, 0, 1, 1).data[0]! > 128;
        if (white && !before) flashes.push(at);
        before = white;
      }
    };
    const watchAudio = async (reader: ReadableStreamDefaultReader<AudioData>) => {
      let quietFrames = 0;
      while (performance.now() < until) {
        const { value: data } = await reader.read();
        if (!data) break;
        const at = performance.now();
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        const first = samples.findIndex((sample) => Math.abs(sample) > 0.1);
        if (first >= 0 && quietFrames > data.sampleRate / 10) {
          beeps.push(at - ((data.numberOfFrames - first) * 1000) / data.sampleRate);
        }
        quietFrames = first >= 0 ? 0 : quietFrames + data.numberOfFrames;
        data.close();
      }
    };
    const [video, audio] = [stream.getVideoTracks()[0]!, stream.getAudioTracks()[0]!];
    await Promise.all([
      watchVideo(new Processor({ track: video }).readable.getReader()),
      watchAudio(new Processor({ track: audio }).readable.getReader()),
    ]);
    for (const track of stream.getTracks()) track.stop();
    return beeps.flatMap((beep) => {
      const flash = flashes.find((one) => Math.abs(one - beep) < 400);
      return flash === undefined ? [] : [beep - flash];
    });
  }, seconds);
}

async function open(options: CameraOptions): Promise<TestBrowser> {
  const other = await startBrowser({ camera: options });
  await other.page.goto(origin);
  return other;
}

describe('the synthetic camera', { timeout: 60_000 }, () => {
  test('beeps and flashes in step at the source', async () => {
    const offsets = await measureSource(browser, 6);
    expect(offsets.length).toBeGreaterThanOrEqual(4);
    expect(Math.abs(median(offsets))).toBeLessThan(15);
  });

  test('is read after H.264 at 1 Mb/s', async () => {
    const before = Date.now();
    const file = await recordOverWebRtc(browser, 'h264.webm', 'video/H264', 5);
    const content = await readContent(file);
    const frames = readable(content.frames);
    expect(frames.length / content.frames.length).toBeGreaterThan(0.98);
    expect(frames.length).toBeGreaterThan(5 * 20);
    expect(duplicates(content.frames)).toBe(0);
    expect(gaps(content.frames, 400)).toEqual([]);
    const { firstMs, lastMs } = wallSpan(content.frames);
    expect(firstMs).toBeGreaterThan(before);
    expect(lastMs).toBeLessThan(Date.now());
    expect(content.beeps.length).toBeGreaterThanOrEqual(4);
    // A recorder inside a page stamps what arrives, so the jitter buffers count, which grow on a busy
    // machine: this only says that they belong together.
    expect(Math.abs(avOffsetMs(content))).toBeLessThan(450);
    const picture = await readPictureAt(file, 1000);
    expect(isUpright(picture)).toBe(true);
    expect(Math.abs(measureAspect(picture) - 1)).toBeLessThan(0.03);
  });

  test('is read after VP8 from a tab behind another, and tells the true time where the clock is wrong', async () => {
    const other = await open({ variant: 'landscape', clockShiftMs: -3_600_000 });
    try {
      expect(Math.abs((await other.page.evaluate(() => Date.now())) + 3_600_000 - Date.now())).toBeLessThan(1000);
      expect(Math.abs((await other.page.evaluate(() => new Date().getTime())) + 3_600_000 - Date.now())).toBeLessThan(
        1000,
      );
      expect(await other.page.evaluate(() => new Date(0).toISOString())).toBe('1970-01-01T00:00:00.000Z');
      await (await other.context.newPage()).bringToFront();
      const file = await recordOverWebRtc(other, 'behind.webm', 'video/VP8', 4);
      const { frames } = await readContent(file);
      expect(readable(frames).length).toBeGreaterThan(4 * 20);
      expect(Math.abs(wallSpan(frames).lastMs - Date.now())).toBeLessThan(30_000);
      const picture = await readPictureAt(file, 1000);
      expect(picture.width).toBeGreaterThan(picture.height);
      expect(showsOutside(picture)).toBe(true);
    } finally {
      await other.close();
    }
  });

  test.each([
    ['denied', 'NotAllowedError'],
    ['missing', 'NotFoundError'],
    ['busy', 'NotReadableError'],
  ] as const)('%s is %s, until it is not', async (variant, name) => {
    const ask = () =>
      browser.page.evaluate(() =>
        navigator.mediaDevices.getUserMedia({ video: true }).then(
          (stream) => stream.getTracks().map((track) => (track.stop(), track.getSettings().width)),
          (error: Error) => error.name,
        ),
      );
    await browser.page.evaluate((next) => window.testCamera.use(next), variant);
    expect(await ask()).toBe(name);
    await browser.page.evaluate(() => window.testCamera.use('portrait'));
    expect(await ask()).toEqual([720]);
  });
});

test("files for Chromium's own fake devices are read", { timeout: 60_000 }, async () => {
  const fake = await startBrowser({ fakeDevice: await writeFakeDeviceFiles(folder, 10) });
  try {
    await fake.page.goto(origin);
    const file = await recordOverWebRtc(fake, 'fake.webm', 'video/H264', 4);
    const { frames } = await readContent(file, 5_000);
    expect(readable(frames).length).toBeGreaterThan(4 * 20);
    expect(isUpright(await readPictureAt(file, 1000))).toBe(true);
  } finally {
    await fake.close();
  }
});
