import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PortPair, RtpSource, RtpStream, SenderReport } from '#recorder/source.ts';
import { findTool } from '#test/support/tools.ts';

const LOOPBACK = '127.0.0.1';
const VIDEO_SSRC = 0x1001;
const AUDIO_SSRC = 0x2002;

/** Sends a real encoder's RTP through a relay that does what the SFU does: it holds packets until it is resumed. */
export interface FakeSource extends RtpSource {
  /** The encoder's own process, already sending. */
  readonly pid: number;
  /** Drops the next packets of the picture, which nobody sends again. */
  drop(packets: number): void;
  /** Drops everything from now on, as a lost network does; nobody is told. */
  silence(): void;
  /** Tells the recorder that the media is gone for good. */
  lose(): void;
  /** When the first key frame was passed on, in milliseconds since 1970. */
  readonly firstKeyFrameAt: Promise<number>;
  readonly keyFrameRequests: number;
  /** What was passed on so far: whole pictures, and packets of sound. */
  readonly passed: { pictures: number; sounds: number };
  readonly closed: boolean;
  /** Ends the encoder. */
  end(): Promise<void>;
}

export interface FakeSourceOptions {
  video?: 'h264' | 'vp8';
  /** Nothing is ever passed on. */
  mute?: boolean;
  sound?: boolean;
}

const ENCODERS = {
  h264: ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '15'],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '500k', '-g', '15', '-keyint_min', '15'],
};
/** A flash and a beep begin each second of the sender's clock. */
const FLASH = "drawbox=x=0:y=0:w=iw:h=ih:color=white:t=fill:enable='lt(mod(t+0.001,1),0.1)'";
const BEEP = 'aevalsrc=exprs=if(lt(mod(t\\,1)\\,0.1)\\,0.8*sin(2*PI*1000*t)\\,0):s=48000';

/** Starts an encoder and resolves once it sends. */
export async function startFakeSource(options: FakeSourceOptions = {}): Promise<FakeSource> {
  const codec = options.video ?? 'h264';
  const sockets = await Promise.all([bound(), bound(), bound(), bound()]);
  const [videoRtp, videoRtcp, audioRtp, audioRtcp] = sockets;
  const output = (ssrc: number, payload: number, rtp: Socket, rtcp: Socket) => [
    ...['-ssrc', String(ssrc), '-payload_type', String(payload), '-f', 'rtp'],
    `rtp://${LOOPBACK}:${rtp.address().port}?rtcpport=${rtcp.address().port}&pkt_size=1200`,
  ];
  const child = spawn(
    findTool('FFMPEG_PATH', 'ffmpeg'),
    [
      ...['-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', `color=black:s=180x320:r=30,${FLASH}`],
      ...['-re', '-f', 'lavfi', '-i', BEEP],
      ...['-map', '0:v', ...ENCODERS[codec], '-pix_fmt', 'yuv420p', ...output(VIDEO_SSRC, 101, videoRtp, videoRtcp)],
      ...['-map', '1:a', '-c:a', 'libopus', '-ac', '2', ...output(AUDIO_SSRC, 100, audioRtp, audioRtcp)],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(child, 'exit');

  const reports = new Map<number, SenderReport>();
  const keyFrame = Promise.withResolvers<number>();
  const lost: ((reason: string) => void)[] = [];
  let ports: { video: PortPair; audio: PortPair | null } | null = null;
  let flowing = false;
  let videoFlows = false;
  let closed = false;
  let keyFrameRequests = 0;
  let dropping = 0;
  const passed = { pictures: 0, sounds: 0 };

  const keepReport = (packet: Buffer) => {
    if (packet[1] !== 200) return;
    const [ssrc, ntpSeconds, ntpFraction, rtpTimestamp] = [4, 8, 12, 16].map((at) => packet.readUInt32BE(at));
    reports.set(ssrc ?? 0, {
      ssrc: ssrc ?? 0,
      ntpSeconds: ntpSeconds ?? 0,
      ntpFraction: ntpFraction ?? 0,
      rtpTimestamp: rtpTimestamp ?? 0,
    });
  };
  videoRtcp.on('message', keepReport);
  audioRtcp.on('message', keepReport);
  videoRtp.on('message', (packet: Buffer) => {
    if (!flowing || !ports || options.mute) return;
    // Like the SFU's, a stream begins with a key frame.
    if (!videoFlows && !beginsKeyFrame(packet, codec)) return;
    videoFlows = true;
    if (dropping > 0) {
      dropping -= 1;
      return;
    }
    keyFrame.resolve(Date.now());
    videoRtp.send(packet, ports.video.rtp, LOOPBACK);
    // The marker is on a picture's last packet.
    if (((packet[1] ?? 0) & 0x80) !== 0) passed.pictures += 1;
  });
  audioRtp.on('message', (packet: Buffer) => {
    if (!flowing || !ports?.audio || options.mute) return;
    audioRtp.send(packet, ports.audio.rtp, LOOPBACK);
    passed.sounds += 1;
  });
  await Promise.all([once(videoRtcp, 'message'), once(audioRtcp, 'message')]);

  const video: RtpStream = {
    kind: 'video',
    codec,
    payloadType: 101,
    clockRate: 90_000,
    fmtp: codec === 'h264' ? 'packetization-mode=1;profile-level-id=42e01f' : '',
    ssrc: VIDEO_SSRC,
  };
  const audio: RtpStream = {
    kind: 'audio',
    codec: 'opus',
    payloadType: 100,
    clockRate: 48_000,
    channels: 2,
    fmtp: 'minptime=10;useinbandfec=1',
    ssrc: AUDIO_SSRC,
  };
  return {
    pid: child.pid ?? 0,
    video,
    audio: options.sound === false ? null : audio,
    firstKeyFrameAt: keyFrame.promise,
    get keyFrameRequests() {
      return keyFrameRequests;
    },
    passed,
    get closed() {
      return closed;
    },
    connect: (given) => {
      ports = given;
      return Promise.resolve();
    },
    resume: () => {
      flowing = true;
      return Promise.resolve();
    },
    pause: () => {
      flowing = false;
      return Promise.resolve();
    },
    requestKeyFrame: () => {
      keyFrameRequests += 1;
      return Promise.resolve();
    },
    senderReports: () => [...reports.values()],
    onLost: (run) => void lost.push(run),
    drop: (packets) => {
      dropping = packets;
    },
    silence: () => {
      flowing = false;
    },
    lose: () => {
      flowing = false;
      for (const run of lost) run('the test says so');
    },
    close: () => {
      closed = true;
      flowing = false;
    },
    async end() {
      child.kill('SIGKILL');
      await exited;
      for (const socket of sockets) socket.close();
    },
  };
}

/** A packet with a sequence parameter set (RFC 6184), or the first one of a VP8 key frame (RFC 7741). */
function beginsKeyFrame(packet: Buffer, codec: 'h264' | 'vp8'): boolean {
  const payload = packet.subarray(12);
  const first = payload[0] ?? 0;
  if (codec === 'h264') {
    const type = first & 0x1f;
    return type === 7 || (type === 24 && ((payload[3] ?? 0) & 0x1f) === 7);
  }
  if ((first & 0x10) === 0) return false;
  const extended = (first & 0x80) !== 0;
  const flags = payload[1] ?? 0;
  const pictureIdBytes = (flags & 0x80) === 0 ? 0 : ((payload[2] ?? 0) & 0x80) === 0 ? 1 : 2;
  const header = extended ? 2 + pictureIdBytes + ((flags & 0x40) >> 6) + ((flags & 0x30) === 0 ? 0 : 1) : 1;
  return ((payload[header] ?? 1) & 1) === 0;
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  return socket;
}
