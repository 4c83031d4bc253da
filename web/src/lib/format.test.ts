import { expect, test } from 'vitest';
import { formatBytes, formatClock, formatInstant, formatSpan, plural } from './format.ts';

test('spans are said in minutes and seconds', () => {
  expect(formatSpan(20_000)).toBe('20\u00a0s');
  expect(formatSpan(120_000)).toBe('2\u00a0min');
  expect(formatSpan(150_400)).toBe('2\u00a0min 30\u00a0s');
});

test('a clock never shows more than is left, and never a negative time', () => {
  expect(formatClock(65_999)).toBe('1:05');
  expect(formatClock(-1)).toBe('0:00');
});

test('sizes are decimal', () => {
  expect(formatBytes(4_180_000)).toBe('4.2 MB');
  expect(formatBytes(12_400)).toBe('12 kB');
  expect(formatBytes(0)).toBe('1 kB');
});

test('one is singular, everything else plural', () => {
  expect(plural(1, 'question')).toBe('1 question');
  expect(plural(0, 'question')).toBe('0 questions');
  expect(plural(2, 'address', 'addresses')).toBe('2 addresses');
});

test('an instant is shown in the zone that is asked for', () => {
  const at = Date.UTC(2026, 10, 21, 23, 30);
  expect(formatInstant(at, 'Asia/Tokyo')).toContain('22 Nov');
  expect(formatInstant(at, 'UTC')).toContain('23:30');
});
