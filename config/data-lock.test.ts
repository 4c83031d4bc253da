import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataDirInUseError, lockDataDir } from './data-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'goodtake-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder is one running server’s, until it gives it free', async () => {
  const free = await lockDataDir(folder);
  const refused = lockDataDir(folder);
  await expect(refused).rejects.toBeInstanceOf(DataDirInUseError);
  await expect(refused).rejects.toThrow(`It runs already, as process ${process.pid}`);
  await free();
  expect(await readdir(folder)).toEqual([]);
  await (
    await lockDataDir(folder)
  )();
});

test.each([
  ['a process that has ended', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
  ['another process with its number', JSON.stringify({ pid: process.pid, startedAt: '1' })],
  ['a lock that was cut off', '{"pid":'],
])('what is left of %s is taken over', async (_name, content) => {
  await writeFile(path.join(folder, 'server.lock'), content);
  const free = await lockDataDir(folder);
  expect(JSON.parse(await readFile(path.join(folder, 'server.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  await free();
});
