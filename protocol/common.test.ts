import { expect, test } from 'vitest';
import { displayName } from './common.ts';

test.each(['Ann', 'דנה לוי', 'Ægir Ø', '李小龙'])('%s is a name', (name) => {
  expect(displayName.parse(` ${name} `)).toBe(name);
});

test.each(['', '  ', '\u202Etxt.exe', 'Ann\u2066', 'a'.repeat(101)])('%j is no name', (name) => {
  expect(displayName.safeParse(name).success).toBe(false);
});
