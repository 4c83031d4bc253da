import { expect, test } from 'vitest';
import { isBlack, measurePicture } from './picture-check.ts';

const picture = (luma: (pixel: number) => number) =>
  new Uint8ClampedArray(Array.from({ length: 400 }, (_, i) => [luma(i), luma(i), luma(i), 255]).flat());

test('measures brightness and contrast', () => {
  const sample = measurePicture(picture((pixel) => (pixel % 2 === 0 ? 0 : 200)));
  expect(sample.mean).toBeCloseTo(100);
  expect(sample.deviation).toBeCloseTo(100);
  expect(measurePicture(new Uint8ClampedArray())).toEqual({ mean: 0, deviation: 0 });
});

test('tells a black camera from a dark room', () => {
  const black = measurePicture(picture((pixel) => pixel % 3));
  const darkRoom = measurePicture(picture((pixel) => (pixel < 60 ? 60 : 8)));
  expect(isBlack([black, black, black])).toBe(true);
  expect(isBlack([black, darkRoom, black])).toBe(false);
  expect(isBlack([])).toBe(false);
});
