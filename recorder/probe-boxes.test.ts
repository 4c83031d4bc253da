import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFaststart } from './probe-boxes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goodtake-boxes-'));
});
afterAll(() => rm(folder, { recursive: true }));

function box(type: string, bodyBytes: number, size = bodyBytes + 8): Buffer {
  const made = Buffer.alloc(8 + bodyBytes);
  made.writeUInt32BE(size, 0);
  made.write(type, 4, 'latin1');
  return made;
}
function largeBox(type: string, bodyBytes: number): Buffer {
  const made = Buffer.alloc(16 + bodyBytes);
  made.writeUInt32BE(1, 0);
  made.write(type, 4, 'latin1');
  made.writeBigUInt64BE(BigInt(made.length), 8);
  return made;
}

test.each([
  ['index first', [box('ftyp', 24), box('free', 0), box('moov', 500), box('mdat', 900)], true],
  ['index last', [box('ftyp', 24), box('mdat', 900), box('moov', 500)], false],
  ['boxes with 64 bits of size', [box('ftyp', 24), largeBox('free', 90), box('moov', 500)], true],
  ['media up to the end of the file', [box('ftyp', 24), box('mdat', 900, 0)], false],
  ['a box that says to be smaller than its header', [box('ftyp', 24, 3), box('moov', 10)], false],
  ['a box that says to be larger than the file', [box('ftyp', 24, 99_999), box('moov', 10)], false],
  ['nothing', [], false],
  ['a few bytes', [Buffer.from('abc')], false],
  ['zeros', [Buffer.alloc(5_000)], false],
])('%s', async (name, parts, expected) => {
  const file = join(folder, name);
  await writeFile(file, Buffer.concat(parts));
  expect(await isFaststart(file)).toBe(expected);
});
