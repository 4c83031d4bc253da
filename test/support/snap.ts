/// <reference lib="dom" />
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { DESKTOP, PHONE } from './browser.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/pictures');
const SIZES = { phone: PHONE, desktop: DESKTOP };

/**
 * With UPDATE_PICTURES=1 takes a picture of the page for the documentation, as a phone or a desktop shows it; otherwise
 * does nothing, so that a run of the tests leaves the checkout as it is.
 */
export async function snap(page: Page, name: string, size: keyof typeof SIZES): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return;
  await mkdir(FOLDER, { recursive: true });
  await page.setViewportSize(SIZES[size]);
  await page.evaluate(async () => {
    window.scrollTo({ top: 0 });
    // A video that has played a little shows a picture and no sign of loading.
    for (const video of document.querySelectorAll<HTMLVideoElement>('video[src]')) {
      video.muted = true;
      await video.play();
      video.pause();
    }
  });
  await page.screenshot({ path: join(FOLDER, `${name}-${size}.png`) });
}
