import { expect, test } from 'vitest';
import { rehearsalDeletedText, takeEndText, troubleText, submittedByClock } from './words.ts';

test('a device that stops during a take is told with what can be done', () => {
  expect(troubleText({ device: 'camera', reason: 'ended' }, true)).toBe(
    'Your camera has stopped sending. Turn it on again and go on, or stop and look at this take first.',
  );
  expect(troubleText({ device: 'microphone', reason: 'muted' }, true)).toMatch(/stopped sending\. A phone call/);
  expect(troubleText({ device: 'microphone', reason: 'muted' }, false)).toBe(
    'Your microphone has stopped. A phone call or another app may be using it.',
  );
});

test('a take that the system cut short says whether it counts', () => {
  expect(takeEndText({ state: 'interrupted', stopReason: 'media_lost', free: true })).toMatch(/does not count/);
  expect(takeEndText({ state: 'playable', stopReason: 'candidate', free: false })).toBeNull();
});

test('a rehearsal is called deleted only when nothing is being erased any more', () => {
  expect(rehearsalDeletedText(true)).toBe('Your rehearsal is being deleted.');
  expect(rehearsalDeletedText(false)).toBe('Your rehearsal was deleted.');
});

test.each([
  [null, 9, false],
  [8, 9, false],
  [9, 9, true],
  [9, null, false],
])('submitted at %s with the deadline at %s: by the clock is %s', (submittedAt, deadlineAt, expected) => {
  expect(submittedByClock({ submittedAt, deadlineAt })).toBe(expected);
});
