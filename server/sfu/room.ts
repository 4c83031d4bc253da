import type { Replies } from '#protocol/events.ts';
import { AppError } from '#protocol/errors.ts';
import type { DtlsParameters, IceParameters, MediaKind, RtpCapabilities, RtpParameters } from '#protocol/media.ts';
import type { RtpSource } from '#recorder/source.ts';
import { systemClock, type Clock } from '#server/clock.ts';
import type { Logger } from '#server/log.ts';
import { senderCapabilities } from './codecs.ts';
import { createSource } from './source.ts';
import { Uplink } from './uplink.ts';
import type { RouterLease, Workers } from './workers.ts';

export interface RoomOptions {
  sessionId: string;
  workers: Workers;
  log: Logger;
  clock?: Clock;
  /** How long a take waits for the sound's first packet while the picture comes; 2 s by default. */
  firstPacketTimeoutMs?: number;
}

/**
 * The live media of one session: one router, and the newest connection of its candidate. Calls are carried out one
 * after another in the order they came. After {@link close} every call throws `not_joined`; what needs a connection
 * throws `media_missing` while there is none.
 */
export class Room {
  /** What the browser may send; the same on every worker. */
  readonly rtpCapabilities: RtpCapabilities;
  readonly #sessionId: string;
  readonly #workers: Workers;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #firstPacketTimeoutMs: number | undefined;
  readonly #lostListeners = new Set<(reason: string) => void>();
  #lease: RouterLease;
  #uplink: Uplink | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(options: RoomOptions, lease: RouterLease) {
    const { sessionId, workers, log, clock = systemClock } = options;
    this.#firstPacketTimeoutMs = options.firstPacketTimeoutMs;
    this.#sessionId = sessionId;
    this.#workers = workers;
    this.#log = log;
    this.#clock = clock;
    this.#lease = lease;
    this.rtpCapabilities = senderCapabilities(lease.router);
  }

  /** @throws AppError `unavailable` when no worker is running */
  static async open(options: RoomOptions): Promise<Room> {
    return new Room(options, await options.workers.lease());
  }

  /** Whether a live picture arrives, or could: there is a video producer on an open transport. */
  get hasMedia(): boolean {
    return this.#uplink?.track('video') != null;
  }

  /**
   * Makes a connection for the browser in place of an older one. When the room's worker has died, the room moves to
   * another first.
   * @throws AppError `unavailable` when no worker can
   */
  createTransport(): Promise<Replies['transport:create']> {
    return this.#inOrder(async () => {
      this.#uplink?.close();
      this.#uplink = null;
      if (this.#lease.router.closed) {
        const lease = await this.#workers.lease();
        if (this.#closed) lease.router.close();
        this.#lease = lease;
      }
      let uplink: Uplink | null = null;
      uplink = await Uplink.open({
        lease: this.#lease,
        clock: this.#clock,
        onLost: (reason) => this.#lose(uplink, reason),
      });
      if (uplink.closed) throw new AppError('unavailable', 'The media connection is not available now.');
      this.#uplink = uplink;
      return uplink.offer;
    });
  }

  /** @throws AppError `wrong_state` the second time for one transport */
  connectTransport(dtlsParameters: DtlsParameters): Promise<void> {
    return this.#inOrder(() => this.#connection().connect(dtlsParameters));
  }

  /** New ICE credentials for the same transport, for a browser whose network has changed. */
  restartIce(): Promise<IceParameters> {
    return this.#inOrder(() => this.#connection().restartIce());
  }

  /**
   * Takes a track, in place of an older one of its kind.
   * @returns the producer's id
   * @throws AppError `media_unsupported` for a codec that is not recorded, `bad_request` for parameters without sense
   */
  produce(track: { kind: MediaKind; rtpParameters: RtpParameters }): Promise<string> {
    return this.#inOrder(() => this.#connection().produce(track));
  }

  /** @throws AppError `media_missing` when there is no such producer */
  closeProducer(producerId: string): Promise<void> {
    return this.#inOrder(async () => this.#connection().closeProducer(producerId));
  }

  /**
   * Lends what arrives now to the recorder, which closes it when the take is over.
   * @throws AppError `media_missing` without a live video producer, `busy` when no port is free
   */
  async recordingSource(): Promise<RtpSource> {
    const { video, audio } = await this.#inOrder(() => {
      const connection = this.#connection();
      return Promise.resolve({ video: connection.track('video'), audio: connection.track('audio') });
    });
    if (!video) throw new AppError('media_missing', 'The camera is not connected.');
    // It waits for packets, which a connection that is being made anew must not wait for.
    const source = await createSource({
      ...{ router: this.#lease.router, video, audio },
      portRange: this.#workers.plainPortRange,
      firstPacketTimeoutMs: this.#firstPacketTimeoutMs,
    });
    if (audio && !source.audio)
      this.#log.warn({ session: this.#sessionId }, 'no sound arrives: the take will be silent');
    return source;
  }

  /**
   * Calls `run` with a short reason once for each connection that is lost: by the network, by its peer, or by the
   * worker's death; not when it is replaced or the room is closed. Another transport can be made at once.
   * @returns stops calling it
   */
  onLost(run: (reason: string) => void): () => void {
    this.#lostListeners.add(run);
    return () => void this.#lostListeners.delete(run);
  }

  /** Closes everything, sources lent out included. Harmless when called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lostListeners.clear();
    this.#uplink?.close();
    this.#uplink = null;
    this.#lease.router.close();
  }

  #connection(): Uplink {
    if (!this.#uplink) throw new AppError('media_missing', 'Camera and microphone are not connected.');
    return this.#uplink;
  }

  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      this.#checkOpen();
      try {
        return await run();
      } catch (error) {
        // What failed because the room was closed meanwhile says so.
        this.#checkOpen();
        throw error;
      }
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('not_joined', 'Join the session first.');
  }

  #lose(uplink: Uplink | null, reason: string): void {
    if (!uplink || this.#uplink !== uplink) return;
    this.#uplink = null;
    this.#log.warn({ session: this.#sessionId, reason }, 'media connection lost');
    for (const run of [...this.#lostListeners]) run(reason);
  }
}
