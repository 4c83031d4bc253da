import { randomBytes } from 'node:crypto';
import type { Consumer, PlainTransport, Router } from 'mediasoup/types';
import { AppError } from '#protocol/errors.ts';
import { SRTP_KEY_BYTES, SRTP_SUITE } from '#recorder/srtcp.ts';
import type { PortPair, RtpSource, RtpStream, SenderReport } from '#recorder/source.ts';
import { recorderCapabilities } from './codecs.ts';
import type { SenderInstant, Track } from './track.ts';

/** A picture of the slowest camera; in silence nothing is waited for longer. */
const PICTURE_END_TIMEOUT_MS = 60;
/**
 * Opus comes each 20 ms, each 400 ms in silence where that is not sent; a connection that is being made needs a second
 * or two. The countdown goes on meanwhile.
 */
const FIRST_PACKET_TIMEOUT_MS = 2_000;
const LOOPBACK = '127.0.0.1';

const CODECS = new Map<string, RtpStream['codec']>([
  ['video/h264', 'h264'],
  ['video/vp8', 'vp8'],
  ['audio/opus', 'opus'],
]);

export interface SourceOptions {
  router: Router;
  video: Track;
  audio: Track | null;
  /** UDP ports to send from, kept apart from the recorder's. */
  portRange: { min: number; max: number };
  /** How long a microphone is waited for. */
  firstPacketTimeoutMs?: number | undefined;
}

interface Feed {
  track: Track;
  transport: PlainTransport;
  consumer: Consumer;
  stream: RtpStream;
}

/**
 * Lends a session's tracks to the recorder, on transports of their own. A producer that is closed or replaced meanwhile
 * is lost for this source. A microphone that sends nothing while the camera does is left out: the recorder would wait
 * for it and record no picture either.
 * @throws AppError `media_missing` when a track ends at this moment, `busy` when no port is free
 */
export async function createSource(options: SourceOptions): Promise<RtpSource> {
  const { router, video, audio, portRange } = options;
  const timeoutMs = options.firstPacketTimeoutMs ?? FIRST_PACKET_TIMEOUT_MS;
  const [pictures, sounds] = await Promise.all([video.nextPacket(timeoutMs), audio?.nextPacket(timeoutMs)]);
  // While nothing arrives at all, the connection is being made, and the sound will come with the picture.
  const sound = pictures && !sounds ? null : audio;
  const opened = await Promise.allSettled(
    [video, ...(sound ? [sound] : [])].map((track) => openFeed({ router, track, portRange })),
  );
  const feeds = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  const [videoFeed, audioFeed = null] = feeds;
  if (failed || !videoFeed) {
    for (const { transport } of feeds) transport.close();
    throw failed?.reason;
  }
  return new PlainSource(videoFeed, audioFeed);
}

class PlainSource implements RtpSource {
  readonly #video: Feed;
  readonly #audio: Feed | null;
  readonly #listeners: ((reason: string) => void)[] = [];
  #lost: string | null = null;
  #closed = false;

  constructor(video: Feed, audio: Feed | null) {
    this.#video = video;
    this.#audio = audio;
    for (const { consumer } of this.#feeds) {
      consumer.on('producerclose', () => this.#lose('producer_closed'));
      consumer.on('transportclose', () => this.#lose('router_closed'));
      if (consumer.closed) this.#lose('producer_closed');
    }
  }

  get video(): RtpStream {
    return this.#video.stream;
  }

  get audio(): RtpStream | null {
    return this.#audio?.stream ?? null;
  }

  get #feeds(): Feed[] {
    return this.#audio ? [this.#video, this.#audio] : [this.#video];
  }

  async connect(ports: { video: PortPair; audio: PortPair | null }): Promise<void> {
    const point = ({ transport }: Feed, { rtp, rtcp }: PortPair) =>
      // The recorder sends nothing back; mediasoup wants a key for it all the same.
      transport.connect({
        ip: LOOPBACK,
        port: rtp,
        rtcpPort: rtcp,
        srtpParameters: { cryptoSuite: SRTP_SUITE, keyBase64: randomKey() },
      });
    await this.#ask(() =>
      Promise.all([
        point(this.#video, ports.video),
        ...(this.#audio && ports.audio ? [point(this.#audio, ports.audio)] : []),
      ]),
    );
  }

  async resume(): Promise<void> {
    await this.#ask(() => Promise.all(this.#feeds.map(({ consumer }) => consumer.resume())));
  }

  async requestKeyFrame(): Promise<void> {
    await this.#ask(() => this.#video.consumer.requestKeyFrame());
  }

  /**
   * Ends between two pictures, as half of one cannot be decoded. What is closed sends nothing any more, so that pausing
   * it succeeds.
   */
  async pause(): Promise<void> {
    const { track, consumer } = this.#video;
    if (!consumer.closed && !consumer.paused) await track.pictureEnd(PICTURE_END_TIMEOUT_MS);
    await Promise.all(
      this.#feeds.map(async ({ consumer }) => {
        try {
          if (!consumer.closed) await consumer.pause();
        } catch (error) {
          if (!consumer.closed) throw error;
        }
      }),
    );
  }

  senderReports(): SenderReport[] {
    const reported = this.#reportsBy((track) => track.senderInstant());
    // The sender's clock and the worker's are not compared: all streams by the one, or all by the other.
    return reported.length === this.#feeds.length ? reported : this.#reportsBy((track) => track.arrivalInstant());
  }

  #reportsBy(read: (track: Track) => SenderInstant | null): SenderReport[] {
    return this.#feeds.flatMap(({ track, stream }) => {
      // A single encoding is passed on with its timestamps as they are, under another SSRC.
      const instant = read(track);
      return instant ? [{ ssrc: stream.ssrc, ...instant }] : [];
    });
  }

  onLost(run: (reason: string) => void): void {
    if (this.#lost === null) this.#listeners.push(run);
    else run(this.#lost);
  }

  close(): void {
    this.#closed = true;
    this.#listeners.length = 0;
    for (const { transport } of this.#feeds) transport.close();
  }

  /** @throws AppError `media_missing` when the sender's media went away before or meanwhile */
  async #ask(request: () => Promise<unknown>): Promise<void> {
    try {
      await request();
    } catch (error) {
      if (this.#lost === null && !this.#closed) throw error;
      throw new AppError('media_missing', 'Camera and microphone are no longer connected.', { cause: error });
    }
  }

  #lose(reason: string): void {
    if (this.#lost !== null || this.#closed) return;
    this.#lost = reason;
    for (const run of this.#listeners.splice(0)) run(reason);
  }
}

interface FeedOptions {
  router: Router;
  track: Track;
  portRange: { min: number; max: number };
}

async function openFeed({ router, track, portRange }: FeedOptions): Promise<Feed> {
  let transport: PlainTransport | null = null;
  try {
    transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: LOOPBACK, portRange },
      rtcpMux: false,
      comedia: false,
      enableSrtp: true,
      srtpCryptoSuite: SRTP_SUITE,
    });
    const consumer = await transport.consume({
      producerId: track.producer.id,
      rtpCapabilities: recorderCapabilities(router),
      paused: true,
    });
    const srtpKey = transport.srtpParameters?.keyBase64;
    if (srtpKey === undefined) throw new Error('the worker made no key for the stream');
    return { track, transport, consumer, stream: { ...streamOf(consumer), srtpKey } };
  } catch (error) {
    transport?.close();
    if (track.producer.closed) {
      throw new AppError('media_missing', 'Camera and microphone are not connected.', { cause: error });
    }
    throw new AppError('busy', 'The recorder has no free port. Please try again in a moment.', { cause: error });
  }
}

const randomKey = () => randomBytes(SRTP_KEY_BYTES).toString('base64');

function streamOf({ kind, rtpParameters }: Consumer): RtpStream {
  const codec = rtpParameters.codecs[0];
  const ssrc = rtpParameters.encodings?.[0]?.ssrc;
  const name = codec && CODECS.get(codec.mimeType.toLowerCase());
  if (!codec || !name || ssrc === undefined) throw new Error(`cannot record a consumer of ${codec?.mimeType}`);
  const parameters = codec.parameters ?? {};
  return {
    kind,
    codec: name,
    payloadType: codec.payloadType,
    clockRate: codec.clockRate,
    ...(codec.channels === undefined ? {} : { channels: codec.channels }),
    fmtp: Object.entries(parameters)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(';'),
    ssrc,
  };
}
