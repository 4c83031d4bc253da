import { beforeEach, expect, test, vi } from 'vitest';
import { Capture } from './capture.svelte.ts';
import { FakeTrack } from './fake-track.ts';

class FakeStream {
  readonly #tracks: FakeTrack[];

  constructor(tracks: FakeTrack[]) {
    this.#tracks = tracks;
  }

  getTracks = () => this.#tracks;
  getVideoTracks = () => this.#tracks.filter(({ kind }) => kind === 'video');
  getAudioTracks = () => this.#tracks.filter(({ kind }) => kind === 'audio');
}

/** Devices whose question to the person is answered by the test. */
class FakeDevices extends EventTarget {
  readonly granted: FakeTrack[] = [];
  readonly #waiting: { answer: () => void; refuse: (error: Error) => void }[] = [];

  getUserMedia(wanted: MediaStreamConstraints): Promise<MediaStream> {
    return new Promise((resolve, reject) => {
      const answer = () => {
        const kinds = (['video', 'audio'] as const).filter((kind) => wanted[kind] !== undefined);
        const tracks = kinds.map((kind) => new FakeTrack(kind));
        this.granted.push(...tracks);
        resolve(new FakeStream(tracks) as unknown as MediaStream);
      };
      this.#waiting.push({ answer, refuse: reject });
    });
  }

  enumerateDevices = () => Promise.resolve([]);

  allow(): void {
    this.#waiting.shift()?.answer();
  }

  refuse(): void {
    this.#waiting.shift()?.refuse(new DOMException('no', 'NotAllowedError'));
  }

  get live(): number {
    return this.granted.filter(({ readyState }) => readyState === 'live').length;
  }
}

beforeEach(() => {
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('window', { isSecureContext: true, RTCPeerConnection: class {} });
  return () => vi.unstubAllGlobals();
});

function setUp() {
  const devices = new FakeDevices();
  const replaced: unknown[] = [];
  const capture = new Capture({
    devices: devices as unknown as MediaDevices,
    onReplaced: (track) => replaced.push(track),
  });
  return { capture, devices, replaced };
}

test('what is granted after all was switched off is given back at once', async () => {
  const { capture, devices } = setUp();
  const starting = capture.start();
  capture.stop();
  devices.allow();
  await starting;
  expect(devices.granted).toHaveLength(2);
  expect(devices.live).toBe(0);
  expect(capture.state.kind).toBe('off');
});

test('a late refusal does not show on a page that needs no camera any more', async () => {
  const { capture, devices } = setUp();
  const starting = capture.start();
  capture.stop();
  devices.refuse();
  await starting;
  expect(capture.state.kind).toBe('off');
});

test('of two starts with a stop between, only the later one has a camera', async () => {
  const { capture, devices } = setUp();
  const first = capture.start();
  capture.stop();
  const second = capture.start();
  devices.allow();
  devices.allow();
  await Promise.all([first, second]);
  expect(capture.stream?.getTracks()).toEqual(devices.granted.slice(2));
  expect(devices.live).toBe(2);
});

test('a camera that was asked for anew and comes late is given back as well', async () => {
  const { capture, devices, replaced } = setUp();
  const starting = capture.start();
  devices.allow();
  await starting;
  const renewing = capture.renew('camera');
  capture.stop();
  devices.allow();
  await renewing;
  expect(devices.granted).toHaveLength(3);
  expect(devices.live).toBe(0);
  expect(replaced).toEqual([]);
  expect(capture.state.kind).toBe('off');
});

test('the camera does not go on by itself when it was switched off while the permission was looked up', async () => {
  const { capture, devices } = setUp();
  let tell = (_: { state: string }): void => undefined;
  const looking = new Promise<{ state: string }>((resolve) => (tell = resolve));
  vi.stubGlobal('navigator', { permissions: { query: () => looking } });
  const starting = capture.startIfAllowed();
  capture.stop();
  tell({ state: 'granted' });
  await starting;
  expect(capture.state.kind).toBe('off');
  expect(devices.granted).toEqual([]);
});
