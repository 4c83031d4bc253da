import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { DESKTOP, PHONE } from './browser.ts';

const FOLDER = resolve(import.meta.dirname, '../../docs/pictures');

/**
 * With UPDATE_PICTURES=1 takes pictures of the page for the documentation, as a phone and as a desktop show it;
 * otherwise does nothing, so that a run of the tests leaves the checkout as it is.
 */
export async function snap(page: Page, name: string): Promise<void> {
  if (process.env['UPDATE_PICTURES'] !== '1') return;
  const before = page.viewportSize();
  await mkdir(FOLDER, { recursive: true });
  for (const [kind, size] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    await page.setViewportSize(size);
    await page.screenshot({ path: join(FOLDER, `${name}-${kind}.png`) });
  }
  if (before) await page.setViewportSize(before);
}
