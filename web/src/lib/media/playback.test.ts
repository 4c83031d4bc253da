import { expect, test } from 'vitest';
import { afterFailure, playEverywhere, playsCaptures } from './playback.ts';

const NETWORK = 2;
const NOT_SUPPORTED = 4;

test('a browser that does not know Opus in MP4 is given the copy from the start', () => {
  const asked: string[] = [];
  const browser = (answer: '' | 'maybe' | 'probably') => ({
    canPlayType: (type: string): CanPlayTypeResult => {
      asked.push(type);
      return answer;
    },
  });
  expect([browser(''), browser('maybe'), browser('probably')].map(playsCaptures)).toEqual([false, true, true]);
  expect(new Set(asked)).toEqual(new Set(['video/mp4; codecs="avc1.42E01F, opus"']));
});

test('the copy is asked for at the same address', () => {
  expect(playEverywhere('/media/token')).toBe('/media/token?play=everywhere');
  expect(playEverywhere('/media/token?a=1')).toBe('/media/token?a=1&play=everywhere');
});

test('a kind of video that the browser does not know leads to the copy, once', () => {
  const unknown = { errorCode: NOT_SUPPORTED, canRenew: true, canConvert: true };
  expect(afterFailure({ ...unknown, failures: 1 })).toBe('renew');
  expect(afterFailure({ ...unknown, failures: 2 })).toBe('convert');
  expect(afterFailure({ ...unknown, failures: 3, canConvert: false })).toBe('give-up');
  expect(afterFailure({ ...unknown, failures: 1, canRenew: false })).toBe('convert');
});

test('a network that fails leads to a new address, and to the truth in the end', () => {
  const failing = { errorCode: NETWORK, canRenew: true, canConvert: true };
  expect([1, 2, 3].map((failures) => afterFailure({ ...failing, failures }))).toEqual(['renew', 'renew', 'give-up']);
});
