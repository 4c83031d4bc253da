import { Device, type types } from 'mediasoup-client';
import type { IceServer } from '#protocol/events.ts';
import type { RtpCapabilities } from '#protocol/media.ts';
import { ApiError } from '../api-error.ts';
import type { SendRequest } from '../session/connection.ts';
import { audioOptions, keepResolution, videoOptions } from './producer-options.ts';

/** `disconnected` often heals by itself within this. */
const ICE_GRACE_MS = 1_000;
/** If a restarted ICE has not connected after this, everything is made anew. */
const ICE_RESTART_TIMEOUT_MS = 6_000;
const REBUILD_MIN_MS = 500;
const REBUILD_MAX_MS = 5_000;

/** Nothing of this says that the server has lost the transport: it was not reached, or has not let the page in again. */
const UNANSWERED: ReadonlySet<ApiError['code']> = new Set<ApiError['code']>([
  'offline',
  'not_joined',
  'token_expired',
  'unavailable',
  'rate_limited',
]);

/** `sending`: the server receives picture and sound. `failed` carries an error that no repetition mends. */
export type PublisherState = 'idle' | 'connecting' | 'sending' | 'interrupted' | 'failed';

export interface Published {
  rtpCapabilities: RtpCapabilities;
  iceServers: IceServer[];
  tracks: MediaStreamTrack[];
}

export interface PublisherOptions {
  request: SendRequest;
  onState(state: PublisherState, error?: unknown): void;
  /** Makes the browser's side of the media connection. */
  createDevice?: () => Device;
}

/**
 * Sends camera and microphone to the SFU: one transport, two producers, made anew whenever the connection is lost for
 * good. The tracks belong to the caller and are never stopped here.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #state: PublisherState = 'idle';
  #published: Published | null = null;
  #transport: types.Transport | null = null;
  #producers: types.Producer[] = [];
  /** Grows with each start, so that what an earlier one still awaits comes to nothing. */
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delayMs = REBUILD_MIN_MS;
  /** Another way to the transport was tried since it was last connected. */
  #iceRestarted = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Starts sending, replacing whatever was sent before. Failures are told by `onState`. */
  async start(published: Published): Promise<void> {
    this.#drop();
    this.#published = published;
    this.#set('connecting');
    const generation = this.#generation;
    try {
      await this.#build(published, generation);
    } catch (error) {
      if (generation !== this.#generation) return;
      if (isFinal(error)) this.#set('failed', error);
      else this.#rebuildLater();
    }
  }

  /**
   * Sends another track of the same kind in the place of the present one, without a new negotiation. Never throws: where
   * the connection cannot take it, a new one is made.
   */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    if (this.#published) {
      const others = this.#published.tracks.filter(({ kind }) => kind !== track.kind);
      this.#published = { ...this.#published, tracks: [...others, track] };
    }
    const generation = this.#generation;
    try {
      await this.#producers.find(({ kind }) => kind === track.kind)?.replaceTrack({ track });
    } catch {
      // Where a new connection is being made already, it takes this track.
      if (generation === this.#generation) this.#rebuildLater();
    }
  }

  /** Makes everything anew with the tracks at hand: the server has lost them. */
  restart(): void {
    if (this.#published) void this.start(this.#published);
  }

  /**
   * After signalling was away: goes on with the transport that the server still has, as a running take depends on it,
   * over whichever network there is now. Tells whether there is one; if not, sending has to start anew.
   */
  async keep(): Promise<boolean> {
    const transport = this.#transport;
    if (!transport || !this.#built || (this.#state !== 'sending' && this.#state !== 'interrupted')) return false;
    const outcome = await this.#restartIce(transport);
    if (transport !== this.#transport) return true;
    if (outcome === 'refused') return false;
    if (outcome === 'unanswered') this.#healLater(transport, this.#backOff());
    else if (transport.connectionState === 'connected') this.#connected();
    else this.#later(ICE_RESTART_TIMEOUT_MS, () => this.restart());
    return true;
  }

  /** Stops sending. */
  stop(): void {
    this.#drop();
    this.#published = null;
    this.#set('idle');
  }

  async #build(published: Published, generation: number): Promise<void> {
    const { request } = this.#options;
    const device = this.#options.createDevice?.() ?? new Device();
    await device.load({ routerRtpCapabilities: published.rtpCapabilities as types.RtpCapabilities });
    const offer = await request('transport:create', {});
    if (generation !== this.#generation) return;
    const transport = device.createSendTransport({
      ...offer,
      dtlsParameters: { role: 'auto', ...offer.dtlsParameters } as types.DtlsParameters,
      iceServers: published.iceServers,
    });
    this.#transport = transport;
    transport.on('connect', ({ dtlsParameters }, done, fail) => {
      request('transport:connect', { dtlsParameters }).then(() => done(), fail);
    });
    transport.on('produce', ({ kind, rtpParameters }, done, fail) => {
      request('producer:create', { kind, rtpParameters } as Parameters<typeof request<'producer:create'>>[1]).then(
        done,
        fail,
      );
    });
    transport.on('connectionstatechange', (state) => this.#connectionChanged(transport, state));
    for (const track of published.tracks) {
      const producer = await transport.produce(
        track.kind === 'video' ? videoOptions(track, device) : audioOptions(track),
      );
      // The track may have been exchanged while this went on.
      const current = this.#published?.tracks.find(({ kind }) => kind === track.kind);
      if (current && current !== track) await producer.replaceTrack({ track: current });
      if (generation !== this.#generation) return;
      this.#producers.push(producer);
      if (producer.kind === 'video' && producer.rtpSender) await keepResolution(producer.rtpSender);
    }
    if (transport.connectionState === 'connected') this.#connected();
  }

  /** All that is to be sent has once been accepted by the server. */
  get #built(): boolean {
    return this.#published !== null && this.#producers.length === this.#published.tracks.length;
  }

  #connectionChanged(transport: types.Transport, state: types.ConnectionState): void {
    if (transport !== this.#transport) return;
    if (state === 'connected' && this.#built) this.#connected();
    if (state !== 'disconnected' && state !== 'failed') return;
    this.#set('interrupted');
    if (state === 'failed' && (this.#iceRestarted || !this.#built)) this.#rebuildLater();
    else this.#healLater(transport, state === 'failed' ? 0 : ICE_GRACE_MS);
  }

  #connected(): void {
    clearTimeout(this.#timer);
    this.#delayMs = REBUILD_MIN_MS;
    this.#iceRestarted = false;
    this.#set('sending');
  }

  /** Looks for another way to the same transport; where the server has none any more, all is made anew. */
  #healLater(transport: types.Transport, delayMs: number): void {
    this.#later(delayMs, () => {
      void this.keep().then((kept) => {
        if (!kept && transport === this.#transport) this.restart();
      });
    });
  }

  /**
   * `refused`: the server has no such transport any more, or the browser would not. `unanswered`: signalling is away as
   * well; the server waits for a while, so its transport is not given up.
   */
  async #restartIce(transport: types.Transport): Promise<'restarted' | 'refused' | 'unanswered'> {
    try {
      const { iceParameters } = await this.#options.request('transport:restart-ice', {});
      if (transport !== this.#transport) return 'restarted';
      this.#iceRestarted = true;
      await transport.restartIce({ iceParameters });
      return 'restarted';
    } catch (error) {
      return error instanceof ApiError && UNANSWERED.has(error.code) ? 'unanswered' : 'refused';
    }
  }

  #rebuildLater(): void {
    this.#set('interrupted');
    this.#later(this.#backOff(), () => this.restart());
  }

  #backOff(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, REBUILD_MAX_MS);
    return delayMs;
  }

  #later(delayMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, delayMs);
  }

  #drop(): void {
    this.#generation += 1;
    clearTimeout(this.#timer);
    const transport = this.#transport;
    this.#transport = null;
    this.#producers = [];
    this.#iceRestarted = false;
    transport?.close();
  }

  #set(state: PublisherState, error?: unknown): void {
    this.#state = state;
    this.#options.onState(state, error);
  }
}

/** Neither time nor another try will help. */
function isFinal(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'media_unsupported' || error.code === 'forbidden';
  return error instanceof Error && error.name === 'UnsupportedError';
}
