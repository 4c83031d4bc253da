import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import type { CaptureContainer } from './args.ts';
import { createFragmentReader } from './fragments.ts';

/** For file systems that tell of no change. */
const FALLBACK_INTERVAL_MS = 250;

/** Watches a capture grow. */
export interface CaptureWatch {
  /** Resolves with the instant at which the file was seen to hold a whole fragment with a picture. */
  readonly firstPicture: Promise<number>;
  /** When the file last grew, in milliseconds since 1970. */
  lastGrowthAt(): number;
  close(): Promise<void>;
}

/**
 * Starts to watch a file that exists.
 * @throws Error of the file system
 */
export async function watchCapture(path: string, container: CaptureContainer): Promise<CaptureWatch> {
  const file = await open(path, 'r');
  const reader = createFragmentReader(file, container);
  const { promise: firstPicture, resolve } = Promise.withResolvers<number>();
  let lastGrowthAt = Date.now();
  let bytes = 0;
  let seen = false;
  let closed = false;
  let running: Promise<void> | null = null;
  let again = false;

  async function look(): Promise<void> {
    do {
      again = false;
      const { size } = await file.stat();
      if (size !== bytes) lastGrowthAt = Date.now();
      bytes = size;
      if (!seen && (await reader.hasPicture())) {
        seen = true;
        resolve(Date.now());
      }
    } while (again && !closed);
  }
  /** One look at a time; changes during it are looked at once more. */
  function changed(): void {
    again = true;
    if (closed) return;
    running ??= look()
      // A file that cannot be read grows no more: the recorder notices that.
      .catch(() => undefined)
      .finally(() => {
        running = null;
      });
  }

  const watcher = watch(path, changed);
  watcher.on('error', () => undefined);
  const fallback = setInterval(changed, FALLBACK_INTERVAL_MS);
  return {
    firstPicture,
    lastGrowthAt: () => lastGrowthAt,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(fallback);
      watcher.close();
      await running;
      await file.close();
    },
  };
}
