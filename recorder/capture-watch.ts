import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import type { CaptureContainer } from './args.ts';
import { createCaptureIndex, type StreamIndex } from './capture-index.ts';

/**
 * How often what was added is taken in, once the first picture has come: so that little is left to read at the end.
 * Also the only look at file systems that tell of no change.
 */
const INDEX_INTERVAL_MS = 250;

/** A capture that was read to its last byte while it was written. */
export interface WatchedCapture {
  video: StreamIndex;
  audio: StreamIndex | null;
  size: { width: number; height: number };
  bytes: number;
}

/** Watches a capture grow. */
export interface CaptureWatch {
  /** Resolves with the instant at which the file was seen to hold a whole fragment that begins with a key frame. */
  readonly firstPicture: Promise<number>;
  /** When the file last grew by a picture, in milliseconds since 1970: sound alone is no answer. */
  lastPictureAt(): number;
  /**
   * Ends the watch of a file that nobody writes any more.
   * @returns what is in it; null when it has no picture, or anything in it was not understood. Twice is once
   */
  close(): Promise<WatchedCapture | null>;
}

/**
 * Starts to watch a file that exists.
 * @throws Error of the file system
 */
export async function watchCapture(path: string, container: CaptureContainer): Promise<CaptureWatch> {
  const file = await open(path, 'r');
  const index = createCaptureIndex(file, container);
  const { promise: firstPicture, resolve } = Promise.withResolvers<number>();
  let lastPictureAt = Date.now();
  let seen = false;
  let failed = false;
  let running: Promise<void> | null = null;
  let again = false;
  let closing: Promise<WatchedCapture | null> | null = null;

  async function look(): Promise<void> {
    do {
      again = false;
      const pictures = index.video?.packets;
      await index.update();
      if (index.video?.packets !== pictures) lastPictureAt = Date.now();
      if (!seen && index.video) {
        seen = true;
        resolve(Date.now());
      }
    } while (again && !seen);
  }
  /** One look at a time; changes during it are looked at once more. */
  function lookSoon(): void {
    again = true;
    running ??= look()
      // A file that cannot be read grows no more, which the recorder notices; its end is examined by other means.
      .catch(() => {
        failed = true;
      })
      .finally(() => {
        running = null;
      });
  }

  async function finish(): Promise<WatchedCapture | null> {
    clearInterval(interval);
    watcher.close();
    try {
      await running;
      await index.update();
      const { video, audio, size, bytes } = index;
      const whole = !failed && (await file.stat()).size === bytes;
      return whole && video && size ? { video, audio, size, bytes } : null;
    } catch {
      return null;
    } finally {
      await file.close();
    }
  }

  const watcher = watch(path, () => {
    if (!seen) lookSoon();
  });
  watcher.on('error', () => undefined);
  const interval = setInterval(lookSoon, INDEX_INTERVAL_MS);
  return {
    firstPicture,
    lastPictureAt: () => lastPictureAt,
    close: () => (closing ??= finish()),
  };
}
