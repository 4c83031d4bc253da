/// <reference lib="dom" />
import { fileURLToPath } from 'node:url';
import type * as client from 'mediasoup-client';
import type { Page } from 'playwright';
import { build } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { dtlsParameters, rtpParameters } from '#protocol/media.ts';
import type { RtpSource } from '#recorder/source.ts';
import { ManualClock, systemClock, type Clock } from '#server/clock.ts';
import type { Room } from '#server/sfu/room.ts';
import { createRooms } from '#server/sfu/rooms.ts';
import { startBrowser } from '#test/support/browser.ts';
import { log, startWorkers } from './sfu-harness.ts';
import { receive, type Receiver } from './sfu-receiver.ts';

/** Nobody answers by this name: the test does. WebRTC wants a secure page. */
const PAGE = 'https://sfu.test/';

type Ask = (method: string, body: unknown) => Promise<unknown>;
declare global {
  interface Window {
    mediasoupClient: typeof client;
    ask: Ask;
    uplink: client.types.Transport;
  }
}

/** The client library as one script that sets a global. */
async function bundleClient(): Promise<string> {
  const entry = fileURLToPath(import.meta.resolve('mediasoup-client'));
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'mediasoupClient' } },
  });
  const [output] = [built].flat();
  if (!output || !('output' in output)) throw new Error('vite built nothing');
  return output.output[0].code;
}

/** Sends a moving picture and a tone. Runs in the page. */
async function publish(): Promise<string[]> {
  const device = new window.mediasoupClient.Device();
  await device.load({ routerRtpCapabilities: (await window.ask('capabilities', {})) as never });
  const transport = device.createSendTransport((await window.ask('create', {})) as never);
  window.uplink = transport;
  transport.on('connect', (body, done, fail) => void window.ask('connect', body).then(done, fail));
  transport.on('produce', ({ kind, rtpParameters }, done, fail) => {
    void window.ask('produce', { kind, rtpParameters }).then((id) => done({ id: id as string }), fail);
  });
  const canvas = Object.assign(document.createElement('canvas'), { width: 360, height: 640 });
  const paper = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => {
    if (paper) paper.fillStyle = `hsl(${(frame += 7) % 360} 80% 50%)`;
    paper?.fillRect(0, 0, canvas.width, canvas.height);
  }, 40);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const speaker = audio.createMediaStreamDestination();
  tone.connect(speaker);
  tone.start();
  const tracks = [...canvas.captureStream(25).getTracks(), ...speaker.stream.getTracks()];
  for (const track of tracks) await transport.produce({ track });
  return tracks.map(({ kind }) => kind);
}

/** A room that a real browser's page sends to. */
async function connectBrowser(clock: Clock = systemClock): Promise<{ room: Room; page: Page }> {
  const room = await createRooms({ workers: await startWorkers(), log, clock }).open('session');
  const answers: Record<string, (body: { kind: 'audio' | 'video' } & Record<string, unknown>) => unknown> = {
    capabilities: () => room.rtpCapabilities,
    create: () => room.createTransport(),
    connect: (body) => room.connectTransport(dtlsParameters.parse(body['dtlsParameters'])),
    produce: (body) => room.produce({ kind: body.kind, rtpParameters: rtpParameters.parse(body['rtpParameters']) }),
    restart: () => room.restartIce(),
  };
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const { page, context } = browser;
  await context.route(`${PAGE}**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>SFU</title>' }));
  await page.exposeFunction('ask', async (method: string, body: never) => (await answers[method]?.(body)) ?? {});
  await page.goto(PAGE);
  await page.addScriptTag({ content: await bundleClient() });
  expect(await page.evaluate(publish)).toEqual(['video', 'audio']);
  expect(room.hasMedia).toBe(true);
  return { room, page };
}

/** Starts to receive what the room is sent, and waits until it flows. */
async function record(room: Room): Promise<{ source: RtpSource; video: Receiver }> {
  const source = await room.recordingSource();
  onTestFinished(() => source.close());
  expect(source.audio?.codec).toBe('opus');
  const [video, audio] = await Promise.all([receive(), receive()]);
  await source.connect({ video: video.ports, audio: audio.ports });
  await source.resume();
  await source.requestKeyFrame();
  await expect
    .poll(() => Math.min(video.packets.length, audio.packets.length), { timeout: 20_000 })
    .toBeGreaterThan(50);
  return { source, video };
}

test('a real browser connects, is recorded, restarts ICE and is missed when it goes', async () => {
  const { room, page } = await connectBrowser();
  const lost = new Promise<string>((resolve) => room.onLost(resolve));
  const { source, video } = await record(room);
  await expect.poll(() => source.senderReports().length, { timeout: 20_000 }).toBe(2);

  await page.evaluate(async () => {
    await window.uplink.restartIce({ iceParameters: (await window.ask('restart', {})) as never });
  });
  const count = video.packets.length;
  await expect.poll(() => video.packets.length, { timeout: 20_000 }).toBeGreaterThan(count + 50);

  const sourceLost = new Promise<string>((resolve) => source.onLost(resolve));
  await page.evaluate(() => window.uplink.close());
  expect(await lost).toBe('dtls_closed');
  expect(await sourceLost).toBe('producer_closed');
  expect(room.hasMedia).toBe(false);
});

test('a browser that falls silent is given time to come back before it counts as lost', async () => {
  const clock = new ManualClock();
  const { room, page } = await connectBrowser(clock);
  const losses: string[] = [];
  room.onLost((reason) => losses.push(reason));
  await record(room);

  const crashed = page.waitForEvent('crash');
  await Promise.allSettled([page.goto('chrome://crash'), crashed]);
  await expect.poll(() => clock.pending, { timeout: 30_000 }).toBe(1);
  expect(room.hasMedia).toBe(true);
  clock.advance(9_999);
  expect(losses).toEqual([]);
  clock.advance(1);
  expect(losses).toEqual(['ice_disconnected']);
  expect(room.hasMedia).toBe(false);
});
