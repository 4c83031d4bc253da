/// <reference lib="dom" />
import { expect } from 'vitest';
import type { Page } from 'playwright';
import { DESKTOP, PHONE } from '#test/support/browser.ts';

/** The narrowest phone that the pages are made for, a common one, and a desktop. */
const SIZES = [{ width: 320, height: 640 }, PHONE, DESKTOP];
/** What a finger needs, in CSS pixels (WCAG 2.5.5). */
const TOUCH_PX = 44;

/** Expects that the page that is shown fits each size: see {@link faultsOf}. Leaves the page as a phone. */
export async function expectToFit(page: Page, what: string): Promise<void> {
  const found: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const faults = await page.evaluate(faultsOf, TOUCH_PX);
    found.push(...faults.map((fault) => `${what} at ${size.width} px: ${fault}`));
  }
  await page.setViewportSize(PHONE);
  expect(found).toEqual([]);
}

/**
 * Runs inside the page: whether one has to scroll sideways, controls that are too small to be tapped (links within a
 * text apart), and buttons of the bar at the bottom that something lies upon.
 */
function faultsOf(touchPx: number): string[] {
  const faults: string[] = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`${scrollWidth} px wide`);
  const nameOf = (element: Element) => element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40);

  for (const element of document.querySelectorAll(
    'a[href], button, select, textarea, input:not([type=radio], [type=checkbox])',
  )) {
    const { width, height } = element.getBoundingClientRect();
    const inText = element.tagName === 'A' && getComputedStyle(element).display === 'inline';
    const shown = element.checkVisibility({ visibilityProperty: true }) && !element.matches('.skip');
    if (shown && !inText && (width < touchPx - 0.5 || height < touchPx - 0.5)) {
      faults.push(`"${nameOf(element)}" is ${Math.round(width)} x ${Math.round(height)} px`);
    }
  }
  for (const button of document.querySelectorAll('.bottom-bar button')) {
    const { left, top, width, height } = button.getBoundingClientRect();
    const above = document.elementFromPoint(left + width / 2, top + height / 2);
    if (above === null || !button.contains(above)) faults.push(`"${nameOf(button)}" is covered`);
  }
  return faults;
}
