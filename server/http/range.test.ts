import { expect, test } from 'vitest';
import { parseRange } from './range.ts';

const part = (start: number, end: number) => ({ kind: 'part', start, end });
const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };

test.each([
  [undefined, 1000, whole],
  ['bytes=0-', 1000, part(0, 999)],
  ['bytes=0-0', 1000, part(0, 0)],
  ['bytes=0-1', 1000, part(0, 1)],
  ['Bytes=10-19', 1000, part(10, 19)],
  ['bytes= 10 - 19', 1000, part(10, 19)],
  ['bytes=990-2000', 1000, part(990, 999)],
  ['bytes=999-', 1000, part(999, 999)],
  ['bytes=1000-', 1000, unsatisfiable],
  ['bytes=1000-1001', 1000, unsatisfiable],
  ['bytes=-100', 1000, part(900, 999)],
  ['bytes=-2000', 1000, part(0, 999)],
  ['bytes=-0', 1000, unsatisfiable],
  ['bytes=0-', 0, unsatisfiable],
  ['bytes=-1', 0, unsatisfiable],
  ['bytes=5-4', 1000, whole],
  ['bytes=-', 1000, whole],
  ['bytes=0-1,5-6', 1000, whole],
  ['bytes=a-b', 1000, whole],
  ['lines=0-1', 1000, whole],
  ['bytes=99999999999999999999-', 1000, whole],
])('%s of %i bytes', (header, bytes, expected) => {
  expect(parseRange(header, bytes)).toEqual(expected);
});
