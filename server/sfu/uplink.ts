import type { RtpParameters as MediasoupRtpParameters, Producer, WebRtcTransport } from 'mediasoup/types';
import type { Replies } from '#protocol/events.ts';
import { AppError } from '#protocol/errors.ts';
import type { DtlsParameters, IceParameters, MediaKind, RtpParameters } from '#protocol/media.ts';
import type { Clock, Timer } from '#server/clock.ts';
import { asAppError } from './refusals.ts';
import { trackOf, type Track } from './track.ts';
import type { RouterLease } from './workers.ts';

/** A browser that has shown no sign of life for this long counts as disconnected. */
const ICE_CONSENT_S = 10;
/** How long a disconnected browser may take to come back, by itself or by an ICE restart. */
const RECONNECT_MS = 10_000;
const MAX_INCOMING_BPS = 3_000_000;
const INITIAL_OUTGOING_BPS = 1_000_000;

export interface UplinkOptions {
  lease: RouterLease;
  clock: Clock;
  /** Called at most once, with a short reason; never after {@link Uplink.close}. */
  onLost: (reason: string) => void;
}

/** One browser's connection and what it sends on it. Calls must not overlap. */
export class Uplink {
  readonly #transport: WebRtcTransport;
  readonly #clock: Clock;
  readonly #onLost: (reason: string) => void;
  readonly #tracks = new Map<MediaKind, Track>();
  #connected = false;
  #closed = false;
  #grace: Timer | null = null;

  private constructor(transport: WebRtcTransport, { clock, onLost }: UplinkOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#onLost = onLost;
    transport.on('icestatechange', (state) => {
      if (this.#closed) return;
      this.#grace?.cancel();
      this.#grace = null;
      if (state === 'closed') this.#lose('ice_closed');
      else if (state === 'disconnected') {
        this.#grace = clock.at(this.#clock.now() + RECONNECT_MS, () => this.#lose('ice_disconnected'));
      }
    });
    transport.on('dtlsstatechange', (state) => {
      if (state === 'failed' || state === 'closed') this.#lose(`dtls_${state}`);
    });
    transport.on('routerclose', () => this.#lose('worker_died'));
    transport.on('listenserverclose', () => this.#lose('worker_died'));
  }

  /** @throws AppError `unavailable` when the worker cannot make a transport */
  static async open(options: UplinkOptions): Promise<Uplink> {
    const { router, webRtcServer } = options.lease;
    let transport: WebRtcTransport | null = null;
    try {
      transport = await router.createWebRtcTransport({
        webRtcServer,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        iceConsentTimeout: ICE_CONSENT_S,
        initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BPS,
      });
      await transport.setMaxIncomingBitrate(MAX_INCOMING_BPS);
      return new Uplink(transport, options);
    } catch (error) {
      transport?.close();
      throw new AppError('unavailable', 'The media connection is not available now.', { cause: error });
    }
  }

  get closed(): boolean {
    return this.#transport.closed;
  }

  /** What the browser needs to connect. */
  get offer(): Replies['transport:create'] {
    const { id, iceParameters, iceCandidates, dtlsParameters } = this.#transport;
    return { id, iceParameters, iceCandidates, dtlsParameters };
  }

  /** @throws AppError `wrong_state` the second time, `unavailable` when the transport has just gone */
  async connect(dtlsParameters: DtlsParameters): Promise<void> {
    if (this.#connected) throw new AppError('wrong_state', 'The media connection was already made.');
    this.#connected = true;
    const { role, fingerprints } = dtlsParameters;
    try {
      await this.#transport.connect({ dtlsParameters: role === undefined ? { fingerprints } : { role, fingerprints } });
    } catch (error) {
      this.#connected = false;
      throw asAppError(error);
    }
  }

  /** New credentials, for a browser whose network has changed. */
  async restartIce(): Promise<IceParameters> {
    try {
      return await this.#transport.restartIce();
    } catch (error) {
      throw asAppError(error);
    }
  }

  /**
   * Takes a track from the browser, in place of an older one of its kind.
   * @returns the producer's id
   * @throws AppError `media_unsupported` or `bad_request`; the older one is gone all the same
   */
  async produce({ kind, rtpParameters }: { kind: MediaKind; rtpParameters: RtpParameters }): Promise<string> {
    // Closed first: the new one may well have the same SSRC or mid.
    this.#tracks.get(kind)?.producer.close();
    let producer: Producer | null = null;
    try {
      producer = await this.#transport.produce({
        kind,
        // What came as JSON holds no `undefined`, which is all that the schema's type adds to mediasoup's.
        rtpParameters: rtpParameters as MediasoupRtpParameters,
      });
      const track = await trackOf(producer);
      this.#tracks.set(kind, track);
      producer.observer.once('close', () => {
        if (this.#tracks.get(kind) === track) this.#tracks.delete(kind);
      });
      return producer.id;
    } catch (error) {
      producer?.close();
      throw asAppError(error);
    }
  }

  /** @throws AppError `media_missing` when there is no such producer */
  closeProducer(producerId: string): void {
    const track = [...this.#tracks.values()].find(({ producer }) => producer.id === producerId);
    if (!track) throw new AppError('media_missing', 'There is no such camera or microphone.');
    track.producer.close();
  }

  /** The live track of a kind, or null. */
  track(kind: MediaKind): Track | null {
    const track = this.#tracks.get(kind);
    return track && !track.producer.closed ? track : null;
  }

  /** Closes the connection and its producers. Harmless when called again. */
  close(): void {
    this.#closed = true;
    this.#grace?.cancel();
    this.#grace = null;
    this.#transport.close();
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#onLost(reason);
  }
}
