import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rest, REST_MS } from './rest.ts';

/** As much of an element as a rest needs. */
class Buttons extends EventTarget {
  readonly attributes = new Map<string, string>();

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  /** Tells whether a click went on to what is inside. */
  click(): boolean {
    return this.dispatchEvent(new Event('click', { cancelable: true }));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a second tap on what has just appeared does nothing', () => {
  const buttons = new Buttons();
  rest(buttons);
  vi.advanceTimersByTime(REST_MS - 1);
  expect(buttons.click()).toBe(false);
  expect(buttons.attributes.get('aria-disabled')).toBe('true');
  vi.advanceTimersByTime(1);
  expect(buttons.click()).toBe(true);
  expect(buttons.attributes.has('aria-disabled')).toBe(false);
});

test('the next screen rests its whole time, whatever is left of the one before', () => {
  const buttons = new Buttons();
  const end = rest(buttons);
  vi.advanceTimersByTime(REST_MS - 1);
  end();
  expect(buttons.click()).toBe(true);
  rest(buttons);
  vi.advanceTimersByTime(REST_MS - 1);
  expect(buttons.click()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(vi.getTimerCount()).toBe(0);
});
