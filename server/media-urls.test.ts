import { describe, expect, test } from 'vitest';
import { AppError } from '#protocol/errors.ts';
import { ManualClock } from './clock.ts';
import { createMediaUrls } from './media-urls.ts';

const SECRET = 'a secret of more than thirty-two characters';
const stored = { kind: 'stored', key: 'answers/65f0/abcdef.mp4' } as const;
const capture = { kind: 'capture', sessionId: '0123456789abcdef01234567', takeId: 'Take_1-x' } as const;

function setUp() {
  const clock = new ManualClock();
  const urls = createMediaUrls({ secret: SECRET, ttlMs: 60_000, clock });
  const sign = (source: Parameters<typeof urls.sign>[0]) => urls.sign(source).slice('/media/'.length);
  return { clock, urls, sign };
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('media addresses', () => {
  test('lead back to their source', () => {
    const { urls, sign } = setUp();
    expect(urls.verify(sign(stored))).toEqual(stored);
    expect(urls.verify(sign(capture))).toEqual(capture);
    expect(urls.sign(capture)).toMatch(/^\/media\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
  });

  test('expire at the instant that was promised', () => {
    const { clock, urls, sign } = setUp();
    const token = sign(stored);
    const until = urls.expiresAt();
    clock.advance(until - clock.now() - 1);
    expect(urls.verify(token)).toEqual(stored);
    clock.advance(1);
    expect(refusal(() => urls.verify(token))).toBe('forbidden');
  });

  test('are refused when anything in them was changed', () => {
    const { urls, sign } = setUp();
    const token = sign(capture);
    for (let at = 0; at < token.length; at += 1) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      // The last character of the signature carries two bits that mean nothing.
      if (at < token.length - 1)
        expect(
          refusal(() => urls.verify(changed)),
          `at ${at}`,
        ).toBe('forbidden');
    }
    for (const wrong of ['', '.', 'a.b', `${token}.x`, token.split('.')[0] ?? '', 'x'.repeat(5_000)]) {
      expect(refusal(() => urls.verify(wrong))).toBe('forbidden');
    }
  });

  test('of another secret are refused', () => {
    const { clock, sign } = setUp();
    const other = createMediaUrls({ secret: `${SECRET}!`, ttlMs: 60_000, clock });
    expect(refusal(() => other.verify(sign(stored)))).toBe('forbidden');
  });
});
