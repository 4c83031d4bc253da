import { Device, type types } from 'mediasoup-client';
import type { IceServer } from '#protocol/events.ts';
import type { RtpCapabilities } from '#protocol/media.ts';
import { ApiError } from '../api-error.ts';
import type { SendRequest } from '../session/connection.ts';
import { chooseVideoCodec } from './codecs.ts';

const VIDEO_MAX_BITS_PER_S = 1_000_000;
/** Without it the first seconds of a take are blurred: congestion control starts at 300 kb/s. */
const VIDEO_START_KBITS_PER_S = 800;
const AUDIO_BITS_PER_S = 56_000;
/** `disconnected` often heals by itself within this. */
const ICE_GRACE_MS = 1_000;
/** If a restarted ICE has not connected after this, everything is made anew. */
const ICE_RESTART_TIMEOUT_MS = 6_000;
const REBUILD_MIN_MS = 500;
const REBUILD_MAX_MS = 5_000;

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

  /** Sends another track of the same kind in the place of the present one, without a new negotiation. */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    if (this.#published) {
      const others = this.#published.tracks.filter(({ kind }) => kind !== track.kind);
      this.#published = { ...this.#published, tracks: [...others, track] };
    }
    await this.#producers.find(({ kind }) => kind === track.kind)?.replaceTrack({ track });
  }

  /** Makes everything anew with the tracks at hand: the server has lost them. */
  restart(): void {
    if (this.#published) void this.start(this.#published);
  }

  /**
   * After signalling was away: goes on with the transport that the server still has, as a running take depends on it.
   * Tells whether there is one; if not, sending has to start anew.
   */
  async keep(): Promise<boolean> {
    const transport = this.#transport;
    if (!transport || this.#state !== 'sending') return false;
    // Refused, as there is no such transport any more, or out of reach: both mean a new one.
    return (await this.#restartIce(transport)) === 'restarted' || transport !== this.#transport;
  }

  /** Stops sending. */
  stop(): void {
    this.#drop();
    this.#published = null;
    this.#set('idle');
  }

  async #build(published: Published, generation: number): Promise<void> {
    const { request } = this.#options;
    const device = new Device();
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

  #connectionChanged(transport: types.Transport, state: types.ConnectionState): void {
    if (transport !== this.#transport) return;
    if (state === 'connected' && this.#producers.length === this.#published?.tracks.length) this.#connected();
    if (state === 'disconnected') {
      this.#set('interrupted');
      this.#later(ICE_GRACE_MS, () => void this.#heal(transport));
    }
    if (state === 'failed') this.#rebuildLater();
  }

  #connected(): void {
    clearTimeout(this.#timer);
    this.#delayMs = REBUILD_MIN_MS;
    this.#set('sending');
  }

  /** Looks for another way to the same transport; where the server has none any more, all is made anew. */
  async #heal(transport: types.Transport): Promise<void> {
    // Goes on where no answer comes.
    this.#later(ICE_RESTART_TIMEOUT_MS, () => this.restart());
    const outcome = await this.#restartIce(transport);
    if (outcome === 'refused' && transport === this.#transport) this.restart();
  }

  /** `refused`: the server has no such transport any more. `failed`: it was not reached, or the browser would not. */
  async #restartIce(transport: types.Transport): Promise<'restarted' | 'refused' | 'failed'> {
    try {
      const { iceParameters } = await this.#options.request('transport:restart-ice', {});
      if (transport === this.#transport) await transport.restartIce({ iceParameters });
      return 'restarted';
    } catch (error) {
      return error instanceof ApiError && error.code !== 'offline' ? 'refused' : 'failed';
    }
  }

  #rebuildLater(): void {
    this.#set('interrupted');
    this.#later(this.#delayMs, () => this.restart());
    this.#delayMs = Math.min(this.#delayMs * 2, REBUILD_MAX_MS);
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

function videoOptions(track: MediaStreamTrack, device: Device): types.ProducerOptions {
  const codec = chooseVideoCodec(device.sendRtpCapabilities.codecs ?? []);
  if (!codec)
    throw new ApiError({ code: 'media_unsupported', message: 'This browser sends no video that can be recorded' });
  return {
    track,
    stopTracks: false,
    disableTrackOnPause: false,
    codec,
    // One encoding: the recorder takes what comes, and simulcast would only cost upload.
    encodings: [{ maxBitrate: VIDEO_MAX_BITS_PER_S, maxFramerate: 30 }],
    codecOptions: { videoGoogleStartBitrate: VIDEO_START_KBITS_PER_S },
  };
}

function audioOptions(track: MediaStreamTrack): types.ProducerOptions {
  return {
    track,
    stopTracks: false,
    disableTrackOnPause: false,
    codecOptions: {
      opusStereo: false,
      opusFec: true,
      // Silence is sent as well: the recorder copies packets, and a gap in them is a gap in the file.
      opusDtx: false,
      opusMaxAverageBitrate: AUDIO_BITS_PER_S,
    },
  };
}

/** A size that changes in mid-take forces a transcode, so a weak line costs frames and not pixels. */
async function keepResolution(sender: RTCRtpSender): Promise<void> {
  try {
    const parameters: RTCRtpSendParameters & { degradationPreference?: string } = sender.getParameters();
    parameters.degradationPreference = 'maintain-resolution';
    await sender.setParameters(parameters);
  } catch {
    // A wish only: not every browser knows it.
  }
}
