/// <reference lib="dom" />
import type { Locator, Page } from 'playwright';

/** More than the stops of the longest page. */
const MOST_STOPS = 60;

/**
 * Moves the focus to an element with the Tab key alone.
 * @throws Error when the key does not lead there, or nobody could see that it has
 */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < MOST_STOPS; i++) {
    const focus = await target.evaluate(focusOn);
    if (focus === 'seen') return;
    if (focus === 'unseen') throw new Error(`one does not see that the focus is on ${target.toString()}`);
    await page.keyboard.press('Tab');
  }
  throw new Error(`the Tab key does not lead to ${target.toString()}`);
}

/** Whether an element has the focus. */
export function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}

/** Whether the focus is nowhere, so that the next Tab begins at the top of the page again. */
export function focusIsLost(page: Page): Promise<boolean> {
  return page.evaluate(() => document.activeElement === null || document.activeElement === document.body);
}

/** Runs inside the page. `seen`: the element, or what frames it, has a ring, and nothing lies upon its middle. */
function focusOn(element: Element): 'elsewhere' | 'seen' | 'unseen' {
  if (element !== document.activeElement) return 'elsewhere';
  const ringed = [element, element.parentElement].some(
    (one) => one && (getComputedStyle(one).boxShadow !== 'none' || getComputedStyle(one).outlineStyle !== 'none'),
  );
  const { left, top, width, height } = element.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + height / 2);
  return ringed && above !== null && (element.contains(above) || above.contains(element)) ? 'seen' : 'unseen';
}

/** A button by its name. */
export function buttonOf(page: Page, name: string | RegExp): Locator {
  return page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name }).first();
}

/** Presses a button by keyboard, when it does not rest any more as one that has just appeared. */
export async function pressByKey(page: Page, name: string | RegExp, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
  const button = buttonOf(page, name);
  await tabTo(page, button);
  await button.and(page.locator(':not([role="group"][aria-disabled="true"] *)')).waitFor();
  await page.keyboard.press(key);
}

/** Follows a link by keyboard. */
export async function followByKey(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, page.getByRole('link', typeof name === 'string' ? { name, exact: true } : { name }).first());
  await page.keyboard.press('Enter');
}

/** Writes into a field by keyboard. */
export async function typeByKey(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, page.getByLabel(label));
  await page.keyboard.type(text);
}
