/// <reference lib="dom" />
import type { Locator, Page } from 'playwright';

/** More than the stops of the longest page. */
const MOST_STOPS = 60;

/** Moves the focus to an element with the Tab key alone. @throws Error when the key does not lead there */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < MOST_STOPS; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not lead to ${target.toString()}`);
}

/** Presses a button by keyboard. */
export async function pressByKey(page: Page, name: string | RegExp, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
  const button = page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name }).first();
  await tabTo(page, button);
  await page.keyboard.press(key);
}

/** Writes into a field by keyboard. */
export async function typeByKey(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, page.getByLabel(label));
  await page.keyboard.type(text);
}
