/// <reference lib="dom" />
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { cameraScript, type CameraOptions } from '#test/fixtures/camera.ts';
import { filesIn } from './files.ts';
import { findTool } from './tools.ts';

declare global {
  interface Window {
    /** Every WebSocket that the page has made. */
    testSockets: WebSocket[];
  }
}

/** A phone's page in CSS pixels, and a desktop's. */
export const PHONE = { width: 390, height: 844 } as const;
export const DESKTOP = { width: 1280, height: 800 } as const;

const ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  // Host candidates are addresses and no mDNS names, which nobody resolves here.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--autoplay-policy=no-user-gesture-required',
  // A test's tabs run at full speed whether they are in front or not.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

export interface BrowserOptions {
  /** Replaces camera and microphone in each page; without it the browser has none. */
  camera?: CameraOptions;
  /** Files for Chromium's own fake devices instead. */
  fakeDevice?: { video: string; audio: string };
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
}

export interface TestBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The browser's profile folder: everything it keeps on the device. */
  readonly profile: string;
  /** What pages wrote to the console as errors, and exceptions nobody caught. */
  readonly errors: string[];
  close(): Promise<void>;
}

/**
 * Starts Chromium with a profile of its own.
 * @throws Error when there is no Chromium
 */
export async function startBrowser(options: BrowserOptions = {}): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'goodtake-profile-'));
  const { fakeDevice, camera } = options;
  const args = [...ARGS];
  if (fakeDevice) {
    args.push('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream');
    args.push(`--use-file-for-fake-video-capture=${fakeDevice.video}`);
    args.push(`--use-file-for-fake-audio-capture=${fakeDevice.audio}`);
  }
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findTool('CHROMIUM_PATH', 'chromium', 'chromium-browser', 'google-chrome'),
    args,
    viewport: options.viewport ?? PHONE,
    colorScheme: options.colorScheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  if (camera) await context.addInitScript({ content: cameraScript(camera) });
  await context.addInitScript(() => {
    window.testSockets = [];
    window.WebSocket = new Proxy(window.WebSocket, {
      construct(target, args: ConstructorParameters<typeof WebSocket>) {
        const socket = new target(...args);
        window.testSockets.push(socket);
        return socket;
      },
    });
  });
  const errors: string[] = [];
  const watch = (page: Page) => {
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  };
  context.pages().forEach(watch);
  context.on('page', watch);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    profile,
    errors,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/**
 * The files of a browser's profile that are video by their first kilobyte: MP4 (`ftyp`) or Matroska and WebM (EBML),
 * also where a cache puts an entry's address in front.
 */
export async function videosInProfile(profile: string): Promise<string[]> {
  const found: string[] = [];
  for (const { file } of await filesIn(profile)) if (await looksLikeVideo(file)) found.push(file);
  return found;
}

/** What the browser keeps on the device altogether. */
export async function profileBytes(profile: string): Promise<number> {
  return (await filesIn(profile)).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What Matroska and WebM begin with. */
const EBML = Buffer.from('1a45dfa3', 'hex');

async function looksLikeVideo(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => null);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    const head = buffer.subarray(0, bytesRead);
    return head.includes(EBML) || /ftyp(isom|iso[2-6]|mp4[12]|avc1|dash)/.test(head.toString('latin1'));
  } finally {
    await handle.close();
  }
}
