import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { RtpSource } from '#recorder/source.ts';
import { createSource } from '#server/sfu/source.ts';
import { trackOf, type Track } from '#server/sfu/track.ts';
import type { RouterLease } from '#server/sfu/workers.ts';
import { findTool } from '#test/support/tools.ts';
import { h264Track, opusTrack, startWorkers } from './sfu-harness.ts';
import { receive, type Receiver } from './sfu-receiver.ts';

const ffmpeg = findTool('FFMPEG_PATH', 'ffmpeg');
const VIDEO_SSRC = 1111;
const AUDIO_SSRC = 2222;
const NTP_EPOCH_S = 2_208_988_800;

const CAMERA = '-f lavfi -i testsrc2=size=360x640:rate=25 -c:v libx264 -preset ultrafast -tune zerolatency';
// A second's worth of frames until the next key frame, unless one were asked for, which this sender ignores.
const VIDEO_OUTPUT = `-profile:v baseline -g 25 -payload_type 102 -ssrc ${VIDEO_SSRC}`;
const MICROPHONE = `-f lavfi -i sine=frequency=440 -ac 2 -ar 48000 -c:a libopus -payload_type 111 -ssrc ${AUDIO_SSRC}`;

/** A track that a real encoder sends over plain RTP, as a browser would over an encrypted one. */
async function sendTrack({ router }: RouterLease, kind: 'video' | 'audio'): Promise<Track> {
  const transport = await router.createPlainTransport({ listenIp: '127.0.0.1', rtcpMux: false, comedia: true });
  const rtpParameters = kind === 'video' ? h264Track(VIDEO_SSRC) : opusTrack(AUDIO_SSRC);
  const producer = await transport.produce({ kind, rtpParameters: JSON.parse(JSON.stringify(rtpParameters)) as never });
  const track = await trackOf(producer);
  const to = `rtp://127.0.0.1:${transport.tuple.localPort}?rtcpport=${transport.rtcpTuple?.localPort}&pkt_size=1200`;
  const codec = kind === 'video' ? `${CAMERA} ${VIDEO_OUTPUT}` : MICROPHONE;
  const args = `-hide_banner -loglevel error -re ${codec} -f rtp ${to}`.split(' ');
  const sender = spawn(ffmpeg, args, { stdio: 'ignore' });
  const ended = once(sender, 'exit');
  onTestFinished(async () => {
    sender.kill('SIGKILL');
    await ended;
  });
  return track;
}

async function startSource(): Promise<{ source: RtpSource; video: Track; audio: Track; lease: RouterLease }> {
  const workers = await startWorkers();
  const lease = await workers.lease();
  const [video, audio] = await Promise.all([sendTrack(lease, 'video'), sendTrack(lease, 'audio')]);
  const source = await createSource({ router: lease.router, video, audio, portRange: workers.plainPortRange });
  return { source, video, audio, lease };
}

test('media flows from resume to pause, as the source announced it', async () => {
  const { source, video: track } = await startSource();
  const [video, audio] = await Promise.all([receive(), receive()]);
  await source.connect({ video: video.ports, audio: audio.ports });

  // The sender has been heard, and still nothing may have come.
  await expect.poll(() => track.senderInstant(), { timeout: 20_000 }).not.toBeNull();
  expect([video.packets, audio.packets]).toEqual([[], []]);

  await source.resume();
  await source.requestKeyFrame();
  await expect
    .poll(() => Math.min(video.packets.length, audio.packets.length), { timeout: 20_000 })
    .toBeGreaterThan(50);
  await source.pause();
  // A datagram sent to ourselves now arrives after whatever had been sent before.
  const [videoCount, audioCount] = await Promise.all([settled(video), settled(audio)]);

  for (const [receiver, stream] of [
    [video, source.video],
    [audio, source.audio],
  ] as const) {
    expect(new Set(receiver.packets.map(({ ssrc }) => ssrc))).toEqual(new Set([stream?.ssrc]));
    expect(new Set(receiver.packets.map(({ payloadType }) => payloadType))).toEqual(new Set([stream?.payloadType]));
    const [first] = receiver.packets;
    expect(receiver.packets.map(({ sequence }) => (sequence - first!.sequence) & 0xffff)).toEqual(
      receiver.packets.map((_, index) => index),
    );
  }

  // The sender goes on for as long as its next report takes; nothing of it comes through.
  const before = track.senderInstant();
  await expect.poll(() => track.senderInstant(), { timeout: 20_000 }).not.toEqual(before);
  expect([video.packets.length, audio.packets.length]).toEqual([videoCount, audioCount]);
  source.close();
});

/** How many packets have come, once all that were sent to a port have been read. */
async function settled({ ports, packets }: Receiver): Promise<number> {
  const marker = createSocket('udp4');
  const before = packets.length;
  const mark = Buffer.alloc(12);
  marker.send(mark, ports.rtp, '127.0.0.1');
  await expect.poll(() => packets.findIndex(({ ssrc }) => ssrc === 0), { interval: 5 }).toBeGreaterThanOrEqual(before);
  marker.close();
  packets.splice(
    packets.findIndex(({ ssrc }) => ssrc === 0),
    1,
  );
  return packets.length;
}

test("sender reports tell the sender's wall clock by the source's own SSRCs", async () => {
  const { source, video, audio } = await startSource();
  await expect.poll(() => video.senderInstant() && audio.senderInstant(), { timeout: 20_000 }).not.toBeNull();
  const reports = source.senderReports();
  expect(reports.map(({ ssrc }) => ssrc)).toEqual([source.video.ssrc, source.audio?.ssrc]);
  for (const { ntpSeconds } of reports) {
    expect(Math.abs(ntpSeconds - NTP_EPOCH_S - Date.now() / 1000)).toBeLessThan(30);
  }
  source.close();
});

test('a source is told once when its media is gone, and not when it was closed itself', async () => {
  const { source, video, lease } = await startSource();
  const losses: string[] = [];
  const lost = new Promise<void>((resolve) => {
    source.onLost((reason) => {
      losses.push(reason);
      resolve();
    });
  });
  video.producer.close();
  await lost;
  lease.router.close();
  expect(losses).toEqual(['producer_closed']);
  source.onLost((reason) => losses.push(`late: ${reason}`));
  expect(losses).toEqual(['producer_closed', 'late: producer_closed']);
  await source.pause();
  source.close();

  const other = await startSource();
  other.source.onLost((reason) => losses.push(reason));
  other.source.close();
  other.lease.router.close();
  expect(losses).toHaveLength(2);
});

/** Sends pictures of ten packets each that are spread over all the time there is, as a browser does on a slow line. */
async function sendSlowPictures({ router }: RouterLease): Promise<Track> {
  const transport = await router.createPlainTransport({ listenIp: '127.0.0.1', rtcpMux: false, comedia: true });
  const rtpParameters = JSON.parse(JSON.stringify(h264Track(VIDEO_SSRC))) as never;
  const track = await trackOf(await transport.produce({ kind: 'video', rtpParameters }));
  const socket = createSocket('udp4');
  let sent = 0;
  const timer = setInterval(() => {
    const place = sent % 10;
    const packet = Buffer.alloc(100);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8((place === 9 ? 0x80 : 0) | 102, 1);
    packet.writeUInt16BE(sent & 0xffff, 2);
    packet.writeUInt32BE(Math.floor(sent / 10) * 3_000, 4);
    packet.writeUInt32BE(VIDEO_SSRC, 8);
    // Fragments (RFC 6184, section 5.8) of what the SFU takes for a key frame, the first and the last one marked.
    packet.writeUInt8(0x7c, 12);
    packet.writeUInt8((place === 0 ? 0x80 : place === 9 ? 0x40 : 0) | 7, 13);
    socket.send(packet, transport.tuple.localPort, '127.0.0.1');
    sent += 1;
  }, 3);
  onTestFinished(() => {
    clearInterval(timer);
    socket.close();
  });
  return track;
}

test('a pause comes between two pictures, and in silence without much delay', async () => {
  const workers = await startWorkers();
  const lease = await workers.lease();
  const video = await sendSlowPictures(lease);
  for (let round = 0; round < 12; round += 1) {
    const source = await createSource({ router: lease.router, video, audio: null, portRange: workers.plainPortRange });
    const receiver = await receive();
    await source.connect({ video: receiver.ports, audio: null });
    await source.resume();
    await expect.poll(() => receiver.packets.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(5 + round);
    await source.pause();
    await settled(receiver);
    expect(receiver.packets.at(-1)?.marker, `round ${round}`).toBe(true);
    const before = Date.now();
    await source.pause();
    expect(Date.now() - before).toBeLessThan(1_000);
    source.close();
  }
});

test('a microphone that sends nothing is left out, unless nothing comes at all yet', async () => {
  const workers = await startWorkers();
  const lease = await workers.lease();
  const transport = await lease.router.createPlainTransport({ listenIp: '127.0.0.1', rtcpMux: false, comedia: true });
  const silent = async (kind: 'video' | 'audio') => {
    const rtpParameters = JSON.parse(JSON.stringify(kind === 'video' ? h264Track(5555) : opusTrack(6666))) as never;
    return trackOf(await transport.produce({ kind, rtpParameters }));
  };
  const [camera, microphone] = [await silent('video'), await silent('audio')];
  const options = { router: lease.router, portRange: workers.plainPortRange, firstPacketTimeoutMs: 300 };
  const source = await createSource({ ...options, video: await sendSlowPictures(lease), audio: microphone });
  expect([source.video.kind, source.audio]).toEqual(['video', null]);
  source.close();
  const connecting = await createSource({ ...options, video: camera, audio: microphone });
  expect([connecting.video.kind, connecting.audio?.kind]).toEqual(['video', 'audio']);
  connecting.close();
});
