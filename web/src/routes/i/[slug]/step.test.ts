import { describe, expect, test } from 'vitest';
import { cameraNeed, isAway, stepOf, type Step } from './step.ts';

const ALL: Step[] = ['check', 'rehearsal', 'start', 'question', 'summary', 'saving', 'done', 'ended'];

describe('camera and microphone', () => {
  test('are on where something may be recorded', () => {
    const on = ALL.filter((step) => cameraNeed(step, 'connected') === 'on');
    expect(on).toEqual(['rehearsal', 'start', 'question']);
  });

  test('are off when nothing will be recorded any more', () => {
    const off = ALL.filter((step) => cameraNeed(step, 'connected') === 'off');
    expect(off).toEqual(['saving', 'done', 'ended']);
  });

  test.each(['taken-over', 'signed-out'] as const)('are off on every page that is %s', (status) => {
    expect(isAway(status)).toBe(true);
    for (const step of [...ALL, null]) expect(cameraNeed(step, status)).toBe('off');
  });

  test('stay on while the connection comes back', () => {
    expect(cameraNeed('question', 'reconnecting')).toBe('on');
    expect(cameraNeed(null, 'connecting')).toBe('as-is');
  });
});

test('the address shows only pages that the view allows', () => {
  expect(stepOf({ state: 'running' }, '#summary', false)).toBe('summary');
  expect(stepOf({ state: 'running' }, '#summary', true)).toBe('question');
  expect(stepOf({ state: 'running' }, '#start', false)).toBe('question');
  expect(stepOf({ state: 'withdrawn' }, '#start', false)).toBe('ended');
});
