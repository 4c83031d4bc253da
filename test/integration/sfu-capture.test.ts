import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { probePackets } from '#recorder/probe-packets.ts';
import { byePacket } from '#recorder/capture-rtcp.ts';
import { createRecorder, type Capture } from '#recorder/recorder.ts';
import type { RtpSource } from '#recorder/source.ts';
import { createSource } from '#server/sfu/source.ts';
import { trackOf } from '#server/sfu/track.ts';
import type { RouterLease } from '#server/sfu/workers.ts';
import { beeps, decodeErrors, flashes } from '#test/support/flash-beep.ts';
import { freePorts } from '#test/support/ports.ts';
import { findTool } from '#test/support/tools.ts';
import { h264Track, opusTrack, startWorkers } from './sfu-harness.ts';

const TOOLS = { ffmpegPath: findTool('FFMPEG_PATH', 'ffmpeg'), ffprobePath: findTool('FFPROBE_PATH', 'ffprobe') };
const PORTS = 8;
const TAKE_MS = 3_000;
const VIDEO_SSRC = 3333;
const AUDIO_SSRC = 4444;

/** A flash and a beep begin each second. */
const FLASH = "color=black:s=180x320:r=30,drawbox=x=0:y=0:w=iw:h=ih:color=white:t=fill:enable='lt(mod(t+0.001,1),0.1)'";
const BEEP = 'aevalsrc=exprs=if(lt(mod(t\\,1)\\,0.1)\\,0.8*sin(2*PI*1000*t)\\,0):s=48000';
const VIDEO_CODEC = '-c:v libx264 -profile:v baseline -preset ultrafast -tune zerolatency -g 15 -pix_fmt yuv420p';

async function openTrack({ router }: RouterLease, kind: 'video' | 'audio') {
  const transport = await router.createPlainTransport({ listenIp: '127.0.0.1', rtcpMux: false, comedia: true });
  const rtpParameters = kind === 'video' ? h264Track(VIDEO_SSRC) : opusTrack(AUDIO_SSRC);
  const producer = await transport.produce({ kind, rtpParameters: JSON.parse(JSON.stringify(rtpParameters)) as never });
  return { track: await trackOf(producer), port: transport.tuple.localPort };
}

/** One clock plays picture and sound, of which no sender report ever comes: as in a browser's first seconds. */
async function sendWithoutReports(lease: RouterLease) {
  const [video, audio] = await Promise.all([openTrack(lease, 'video'), openTrack(lease, 'audio')]);
  const sink = createSocket('udp4').bind(0, '127.0.0.1');
  await once(sink, 'listening');
  const to = (port: number) => `rtp://127.0.0.1:${port}?rtcpport=${sink.address().port}&pkt_size=1200`;
  const output = (ssrc: number, payloadType: number) => `-ssrc ${ssrc} -payload_type ${payloadType} -f rtp`.split(' ');
  const sender = spawn(
    TOOLS.ffmpegPath,
    [
      ...['-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', FLASH, '-re', '-f', 'lavfi', '-i', BEEP],
      ...['-map', '0:v', ...VIDEO_CODEC.split(' '), ...output(VIDEO_SSRC, 102), to(video.port)],
      ...['-map', '1:a', '-c:a', 'libopus', '-ac', '2', ...output(AUDIO_SSRC, 111), to(audio.port)],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(sender, 'exit');
  onTestFinished(async () => {
    sender.kill('SIGKILL');
    await ended;
    sink.close();
  });
  return { video: video.track, audio: audio.track };
}

interface Began {
  capture: Capture;
  source: RtpSource;
  /** The ports of ffmpeg and of the SFU's plain transports. */
  ports: number[];
  /** The step that ended ffmpeg, once it has. */
  endedBy: () => string | undefined;
}

async function armTake(): Promise<Began> {
  const workers = await startWorkers();
  const lease = await workers.lease();
  const directory = await mkdtemp(join(tmpdir(), 'goodtake-sfu-capture-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const first = await freePorts(PORTS);
  const own = { min: first, max: first + PORTS - 1 };
  let endedBy: string | undefined;
  const recorder = createRecorder({
    ...{ ...TOOLS, directory, ports: own, minFreeBytes: 1 },
    log: {
      info(fields) {
        if ('by' in fields) endedBy = String(fields.by);
      },
      warn: () => undefined,
    },
  });
  onTestFinished(() => recorder.close());

  const { video, audio } = await sendWithoutReports(lease);
  const source = await createSource({ router: lease.router, video, audio, portRange: workers.plainPortRange });
  await expect.poll(() => source.senderReports().length, { timeout: 20_000 }).toBe(2);
  expect([video.senderInstant(), audio.senderInstant()]).toEqual([null, null]);
  const capture = await recorder.arm({ sessionId: 'session', takeId: 'take', source });
  const range = ({ min, max }: { min: number; max: number }) =>
    Array.from({ length: max - min + 1 }, (_, i) => min + i);
  return { capture, source, ports: [...range(own), ...range(workers.plainPortRange)], endedBy: () => endedBy };
}

async function expectWhole({ capture, endedBy }: Began): Promise<void> {
  const { file, durationMs, damagedAtMs } = await capture.stop();
  expect(endedBy()).toBe('bye');
  expect(damagedAtMs).toEqual([]);
  expect(durationMs).toBeGreaterThan(TAKE_MS - 100);
  expect(durationMs).toBeLessThan(TAKE_MS + 1_500);
  expect(await decodeErrors(file)).toBe('');
  const packets = await probePackets(file, TOOLS);
  expect(Math.abs((packets.video?.endMs ?? 0) - (packets.audio?.endMs ?? 0))).toBeLessThan(150);
  const [flashesAt, beepsAt] = await Promise.all([flashes(file), beeps(file)]);
  expect(flashesAt.length).toBeGreaterThanOrEqual(2);
  for (const flash of flashesAt.slice(0, beepsAt.length)) {
    const nearest = Math.min(...beepsAt.map((beep) => Math.abs(beep - flash)));
    expect(nearest).toBeLessThan(60);
  }
}

test('a take that begins before the first sender report is whole and in step', async () => {
  const take = await armTake();
  await take.capture.start();
  await delay(TAKE_MS);
  await expectWhole(take);
});

test('what other programs send to the recorder and to its transports changes nothing', async () => {
  const take = await armTake();
  await take.capture.start();
  const stranger = createSocket('udp4').bind(0, '127.0.0.1');
  await once(stranger, 'listening');
  onTestFinished(() => void stranger.close());
  const { video, audio } = take.source;
  const packets = [video, audio].flatMap((stream) => {
    const media = Buffer.alloc(200, 0x65);
    media.writeUInt8(0x80, 0);
    media.writeUInt8(0x80 | (stream?.payloadType ?? 0), 1);
    media.writeUInt32BE(stream?.ssrc ?? 0, 8);
    return [media, byePacket(stream?.ssrc ?? 0), Buffer.alloc(3)];
  });
  for (let round = 0; round < 30; round += 1) {
    for (const port of take.ports) for (const packet of packets) stranger.send(packet, port, '127.0.0.1');
    await delay(TAKE_MS / 30);
  }
  await expectWhole(take);
});
