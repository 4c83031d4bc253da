import { cameraConstraints, microphoneConstraints } from './constraints.ts';
import { classifyMediaError, type MediaProblem } from './problems.ts';

/** `muted` flickers on iOS; what lasts longer is real. */
const MUTED_GRACE_MS = 1_000;

export type DeviceKind = 'camera' | 'microphone';

export type CaptureState =
  | { kind: 'off' }
  | { kind: 'asking' }
  | { kind: 'live'; stream: MediaStream }
  | { kind: 'failed'; problem: MediaProblem };

/** A device that was there and has stopped: `ended` for good (unplugged), `muted` by the system (a phone call). */
export interface DeviceTrouble {
  device: DeviceKind;
  reason: 'ended' | 'muted';
}

export interface CaptureOptions {
  /** Called with each track that takes the place of another. */
  onReplaced(track: MediaStreamTrack): void;
  devices?: MediaDevices | undefined;
}

/**
 * Camera and microphone, asked for once, from the device check to the last question: on iOS a second `getUserMedia`
 * mutes the tracks of the first (WebKit 179363). Nothing of it is stored.
 */
export class Capture {
  state: CaptureState = $state.raw({ kind: 'off' });
  cameras: MediaDeviceInfo[] = $state.raw([]);
  microphones: MediaDeviceInfo[] = $state.raw([]);
  cameraId = $state('');
  microphoneId = $state('');
  /** The devices that have stopped. */
  troubles: DeviceTrouble[] = $state.raw([]);
  /** A change of the device is under way. */
  changing = $state(false);
  /** Why the last change of a device failed; the device before it is used again. */
  changeProblem: MediaProblem | null = $state.raw(null);

  readonly #options: CaptureOptions;
  readonly #devices: MediaDevices | undefined;
  readonly #chosen: Record<DeviceKind, string | null> = { camera: null, microphone: null };
  readonly #mutedTimers = new Map<DeviceKind, ReturnType<typeof setTimeout>>();
  #watching: AbortController | null = null;
  /** Grows with each start and stop: what the browser grants to an earlier one is given back at once. */
  #generation = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
    // Absent on pages without https and in some in-app browsers, whatever the types say.
    this.#devices = options.devices ?? navigator.mediaDevices;
  }

  get stream(): MediaStream | null {
    return this.state.kind === 'live' ? this.state.stream : null;
  }

  /** Asks for camera and microphone. Never throws: {@link state} says what came of it. */
  async start(): Promise<void> {
    if (this.state.kind === 'asking') return;
    this.stop();
    const generation = this.#generation;
    this.state = { kind: 'asking' };
    this.#watching = new AbortController();
    this.#devices?.addEventListener('devicechange', () => void this.#list(), { signal: this.#watching.signal });
    try {
      if (!this.#devices) throw new TypeError('no media devices');
      const stream = await this.#devices.getUserMedia({
        video: cameraConstraints(this.#chosen.camera),
        audio: microphoneConstraints(this.#chosen.microphone),
      });
      if (generation !== this.#generation) return stopTracks(stream);
      for (const track of stream.getTracks()) this.#watch(track);
      this.state = { kind: 'live', stream };
      await this.#list();
    } catch (error) {
      const problem = await this.#problem(error);
      if (generation === this.#generation) this.state = { kind: 'failed', problem };
    }
  }

  /** Like {@link start}, but only where the browser will not ask, and not if all was switched off meanwhile. */
  async startIfAllowed(): Promise<void> {
    const generation = this.#generation;
    if (this.state.kind !== 'off' || !(await this.#isAllowed())) return;
    if (generation === this.#generation) await this.start();
  }

  /** Whether the browser will give camera and microphone without asking; false where it does not tell. */
  async #isAllowed(): Promise<boolean> {
    try {
      const names = ['camera', 'microphone'] as PermissionName[];
      const found = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
      return found.every(({ state }) => state === 'granted');
    } catch {
      return false;
    }
  }

  /** Changes to another camera or microphone; goes back to the one before when it cannot be had. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    const before = this.#chosen[kind];
    this.changeProblem = null;
    this.#chosen[kind] = deviceId;
    if (await this.#replace(kind)) return;
    this.#chosen[kind] = before;
    await this.#replace(kind);
  }

  /** Asks anew for a device that has stopped. */
  async renew(kind: DeviceKind): Promise<void> {
    this.changeProblem = null;
    if (await this.#replace(kind)) return;
    // The chosen device may be gone for good: any other will do.
    this.#chosen[kind] = null;
    await this.#replace(kind);
  }

  /** Switches camera and microphone off. */
  stop(): void {
    this.#generation += 1;
    this.#watching?.abort();
    for (const timer of this.#mutedTimers.values()) clearTimeout(timer);
    this.#mutedTimers.clear();
    if (this.stream) stopTracks(this.stream);
    this.troubles = [];
    this.state = { kind: 'off' };
  }

  /** Tells whether nothing is left to be done: the device runs, or is not wanted any more. */
  async #replace(kind: DeviceKind): Promise<boolean> {
    const generation = this.#generation;
    if (!this.stream || !this.#devices) return false;
    this.changing = true;
    try {
      const old = trackOf(this.stream, kind);
      // Phones open one camera at a time.
      old?.stop();
      const fresh = await this.#devices.getUserMedia(
        kind === 'camera'
          ? { video: cameraConstraints(this.#chosen.camera) }
          : { audio: microphoneConstraints(this.#chosen.microphone) },
      );
      const track = trackOf(fresh, kind);
      if (generation !== this.#generation) {
        stopTracks(fresh);
        return true;
      }
      if (!track) return false;
      this.#watch(track);
      // A new stream, so that previews notice. The other device may have been exchanged meanwhile.
      const others = this.stream.getTracks().filter((other) => other.kind !== track.kind);
      this.state = { kind: 'live', stream: new MediaStream([...others, track]) };
      this.#clearTrouble(kind);
      this.#options.onReplaced(track);
      await this.#list();
      return true;
    } catch (error) {
      const problem = await this.#problem(error);
      if (generation !== this.#generation) return true;
      this.changeProblem = problem;
      return false;
    } finally {
      this.changing = false;
    }
  }

  #watch(track: MediaStreamTrack): void {
    const device: DeviceKind = track.kind === 'video' ? 'camera' : 'microphone';
    const signal = this.#watching?.signal;
    if (!signal) return;
    const current = () => this.stream?.getTracks().includes(track) === true;
    const listen = (event: 'ended' | 'mute' | 'unmute', run: () => void) =>
      track.addEventListener(event, () => current() && run(), { signal });
    listen('ended', () => this.#setTrouble({ device, reason: 'ended' }));
    listen('mute', () => {
      clearTimeout(this.#mutedTimers.get(device));
      const judge = () => track.muted && current() && this.#setTrouble({ device, reason: 'muted' });
      this.#mutedTimers.set(device, setTimeout(judge, MUTED_GRACE_MS));
    });
    listen('unmute', () => this.#clearTrouble(device));
  }

  #setTrouble(trouble: DeviceTrouble): void {
    this.troubles = [...this.troubles.filter(({ device }) => device !== trouble.device), trouble];
  }

  #clearTrouble(kind: DeviceKind): void {
    clearTimeout(this.#mutedTimers.get(kind));
    this.troubles = this.troubles.filter(({ device }) => device !== kind);
  }

  async #list(): Promise<void> {
    const found = await this.#enumerate();
    this.cameras = found.filter(({ kind }) => kind === 'videoinput');
    this.microphones = found.filter(({ kind }) => kind === 'audioinput');
    const stream = this.stream;
    if (!stream) return;
    this.cameraId = trackOf(stream, 'camera')?.getSettings().deviceId ?? '';
    this.microphoneId = trackOf(stream, 'microphone')?.getSettings().deviceId ?? '';
  }

  async #enumerate(): Promise<MediaDeviceInfo[]> {
    try {
      return (await this.#devices?.enumerateDevices()) ?? [];
    } catch {
      return [];
    }
  }

  async #problem(error: unknown): Promise<MediaProblem> {
    const kinds = new Set((await this.#enumerate()).map(({ kind }) => kind));
    return classifyMediaError(error, {
      secure: window.isSecureContext,
      supported: this.#devices !== undefined && 'RTCPeerConnection' in window,
      hasCamera: kinds.has('videoinput'),
      hasMicrophone: kinds.has('audioinput'),
    });
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function trackOf(stream: MediaStream, kind: DeviceKind): MediaStreamTrack | undefined {
  return kind === 'camera' ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
}
