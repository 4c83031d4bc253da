import { expect, test } from 'vitest';
import type { PublishView } from '#protocol/session.ts';
import { isGivenUp } from './saving.ts';

const rows = (...states: PublishView['state'][]) => states.map((state) => ({ state }));

test('staying helps as long as something is under way', () => {
  expect(isGivenUp([])).toBe(false);
  expect(isGivenUp(rows('failed', 'uploading'))).toBe(false);
  expect(isGivenUp(rows('failed', 'retrying', 'safe'))).toBe(false);
  expect(isGivenUp(rows('safe', 'safe'))).toBe(false);
});

test('and does not when the rest was given up for now', () => {
  expect(isGivenUp(rows('safe', 'failed'))).toBe(true);
  expect(isGivenUp(rows('failed'))).toBe(true);
});
