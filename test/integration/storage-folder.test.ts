import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import type { Storage } from '#recorder/storage/storage.ts';

async function keysOf(storage: Storage): Promise<string[]> {
  const found = [];
  for await (const { key } of storage.list('')) found.push(key);
  return found;
}

describe('folder storage', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'goodtake-folder-'));
    return () => rm(base, { recursive: true });
  });
  const open = () => createFolderStorage({ directory: join(base, 'videos') });

  test('puts and deletes side by side in a folder that comes and goes', async () => {
    const storage = open();
    const file = join(base, 'source');
    await writeFile(file, 'x'.repeat(1_000));
    const round = async (lane: number) => {
      for (let turn = 0; turn < 25; turn += 1) {
        const key = `s/x/take-${lane}.mp4`;
        await storage.put(key, file);
        expect(await storage.size(key)).toBe(1_000);
        await storage.delete(key);
      }
    };
    await Promise.all([0, 1, 2, 3, 4].map(round));
    expect(await keysOf(storage)).toEqual([]);
  }, 30_000);

  test('removes what a crash left on its way in, and nothing that is on its way', async () => {
    const storage = open();
    await storage.check();
    const incoming = join(base, 'videos/.incoming');
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await writeFile(join(incoming, 'old'), 'x');
    await utimes(join(incoming, 'old'), old, old);
    await writeFile(join(incoming, 'new'), 'x');
    await storage.check();
    expect(await readdir(incoming)).toEqual(['new']);
  });

  test('lets nobody else read, and removes empty folders', async () => {
    const storage = open();
    const file = join(base, 'source');
    await writeFile(file, 'x', { mode: 0o666 });
    await storage.put('a/b/take.mp4', file);
    const mode = async (path: string) => (await stat(join(base, 'videos', path))).mode & 0o777;
    expect(await Promise.all(['', 'a', 'a/b', 'a/b/take.mp4'].map(mode))).toEqual([0o700, 0o700, 0o700, 0o600]);
    await storage.delete('a/b/take.mp4');
    expect((await readdir(join(base, 'videos'))).filter((name) => !name.startsWith('.'))).toEqual([]);
  });

  test('follows no symbolic link', async () => {
    const storage = open();
    const outside = join(base, 'outside');
    await mkdir(outside);
    await mkdir(join(base, 'videos/s'), { recursive: true });
    await writeFile(join(outside, 'take.mp4'), 'secret');
    await symlink(outside, join(base, 'videos/link'));
    await symlink(join(outside, 'take.mp4'), join(base, 'videos/s/take.mp4'));
    for (const key of ['link/take.mp4', 's/take.mp4']) {
      await expect(storage.read(key)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(storage.size(key)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(storage.delete(key)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(storage.put(key, join(outside, 'take.mp4'))).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(await keysOf(storage)).toEqual([]);
    expect(await readdir(outside)).toEqual(['take.mp4']);
  });

  test('says so when the folder cannot be made', async () => {
    await writeFile(join(base, 'videos'), 'a file is in the way');
    await expect(open().check()).rejects.toMatchObject({ code: 'unavailable', cause: expect.any(Error) as Error });
    await expect(open().put('a/take.mp4', join(base, 'videos'))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
