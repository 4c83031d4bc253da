import { expect, test } from 'vitest';
import { browserFamily, classifyMediaError, type MediaSurroundings } from './problems.ts';

const fine: MediaSurroundings = { secure: true, supported: true, hasCamera: true, hasMicrophone: true };
const failure = (name: string, message = '') => Object.assign(new Error(message), { name });

test.each([
  [failure('NotAllowedError', 'Permission denied'), fine, { kind: 'denied', device: 'both' }],
  [failure('NotAllowedError', 'Permission denied by system'), fine, { kind: 'denied-by-system', device: 'both' }],
  [failure('NotFoundError'), { ...fine, hasCamera: false }, { kind: 'missing', device: 'camera' }],
  [failure('NotFoundError'), { ...fine, hasMicrophone: false }, { kind: 'missing', device: 'microphone' }],
  [failure('NotFoundError'), { ...fine, hasCamera: false, hasMicrophone: false }, { kind: 'missing', device: 'both' }],
  [failure('NotReadableError', 'Could not start video source'), fine, { kind: 'busy', device: 'camera' }],
  [failure('NotReadableError', 'Could not start audio source'), fine, { kind: 'busy', device: 'microphone' }],
  [failure('NotReadableError'), fine, { kind: 'busy', device: 'both' }],
  [failure('TypeError'), { ...fine, supported: false }, { kind: 'unsupported', device: 'both' }],
  [failure('TypeError'), { ...fine, secure: false, supported: false }, { kind: 'insecure', device: 'both' }],
  ['no error at all', fine, { kind: 'unknown', device: 'both' }],
] as const)('reads %s', (error, surroundings, problem) => {
  expect(classifyMediaError(error, surroundings)).toEqual(problem);
});

test.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1', 'safari-ios'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) CriOS/131.0 Mobile/15E148 Safari/604.1', 'other-ios'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Instagram 350.0', 'in-app'],
  ['Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/131.0 Mobile Safari/537.36', 'chrome-android'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'firefox'],
  ['Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0', 'edge'],
  ['Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0 Safari/537.36', 'chrome'],
  ['Mozilla/5.0 (Macintosh) Version/18.1 Safari/605.1.15', 'safari'],
  ['Lynx', 'other'],
] as const)('knows %s', (userAgent, family) => {
  expect(browserFamily(userAgent)).toBe(family);
});
