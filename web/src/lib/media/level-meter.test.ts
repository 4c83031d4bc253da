import { expect, test } from 'vitest';
import { loudness } from './level-meter.ts';

const tone = (amplitude: number) => Float32Array.from({ length: 1024 }, (_, i) => amplitude * Math.sin(i / 7));

test('silence is 0 and loud speech is full', () => {
  expect(loudness(new Float32Array(1024))).toBe(0);
  expect(loudness(tone(0.0001))).toBe(0);
  expect(loudness(tone(0.9))).toBe(1);
});

test('grows with the amplitude', () => {
  expect(loudness(tone(0.02))).toBeGreaterThan(0.3);
  expect(loudness(tone(0.1))).toBeGreaterThan(loudness(tone(0.02)));
});
