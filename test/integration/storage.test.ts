import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { createS3Storage } from '#recorder/storage/s3.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import { startS3Server } from '#test/fixtures/s3-server.ts';

const PART_BYTES = 5 * 1024 * 1024;
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

interface Backend {
  name: string;
  /** More than a page of the list. */
  listed: number;
  open: () => Promise<Opened>;
}
interface Opened {
  storage: Storage;
  /** The folder that holds the objects as plain files, to tamper with. */
  folder: string;
  close(): Promise<void>;
}

const backends: Backend[] = [
  {
    name: 'folder',
    listed: 1_050,
    open: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'goodtake-folder-'));
      return {
        storage: createFolderStorage({ directory: folder }),
        folder,
        close: () => rm(folder, { recursive: true }),
      };
    },
  },
  {
    name: 's3',
    listed: 120,
    open: async () => {
      const server = await startS3Server();
      const storage = createS3Storage({ ...server.storage, partSizeBytes: PART_BYTES, pageSize: 50 });
      return {
        storage,
        folder: server.folder,
        async close() {
          await storage.close();
          await server.close();
        },
      };
    },
  },
];

/** Every plain file below a folder, temporary ones and parts of uploads included. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
async function keysOf(storage: Storage, prefix: string): Promise<{ key: string; bytes: number }[]> {
  const found = [];
  for await (const object of storage.list(prefix)) found.push(object);
  return found;
}

describe.each(backends)('storage in $name', ({ open, listed }) => {
  let opened: Opened;
  let storage: Storage;
  let sources: string;
  let count = 0;
  let prefix: string;
  const source = async (data: Buffer) => {
    const file = join(sources, `source-${(count += 1)}`);
    await writeFile(file, data);
    return file;
  };

  beforeAll(async () => {
    opened = await open();
    storage = opened.storage;
    sources = await mkdtemp(join(tmpdir(), 'goodtake-source-'));
  }, 20_000);
  afterAll(async () => {
    await opened.close();
    await rm(sources, { recursive: true });
  });
  beforeEach(() => {
    prefix = `t${(count += 1)}`;
  });

  test('gives back what was put, with its length and checksum', async () => {
    const data = randomBytes(300_000);
    const key = `${prefix}/Ab_9-x/take-1.mp4`;
    const put = await storage.put(key, await source(data));
    expect(put).toEqual({ key, bytes: 300_000, sha256: sha256(data) });
    expect(await storage.verify(key)).toEqual(put);
    expect(await storage.size(key)).toBe(300_000);
    expect((await buffer(await storage.read(key))).equals(data)).toBe(true);
  });

  test('puts a file above the size of a part, with progress that never falls', async () => {
    const data = randomBytes(2 * PART_BYTES + 12_345);
    const key = `${prefix}/large.mp4`;
    const seen: number[] = [];
    const put = await storage.put(key, await source(data), { onProgress: (bytes) => seen.push(bytes) });
    expect(put.sha256).toBe(sha256(data));
    expect(await storage.verify(key)).toEqual(put);
    expect(seen.at(-1)).toBe(data.length);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('holds an empty file', async () => {
    const key = `${prefix}/empty.mp4`;
    await storage.put(key, await source(Buffer.alloc(0)));
    expect(await storage.verify(key)).toEqual({ key, bytes: 0, sha256: sha256(Buffer.alloc(0)) });
  });

  test('replaces an object', async () => {
    const key = `${prefix}/take.mp4`;
    await storage.put(key, await source(randomBytes(9_000)));
    const second = randomBytes(5_000);
    await storage.put(key, await source(second));
    expect(await storage.verify(key)).toMatchObject({ bytes: 5_000, sha256: sha256(second) });
    expect(await keysOf(storage, prefix)).toEqual([{ key, bytes: 5_000 }]);
  });

  test('notices that a stored object was tampered with', async () => {
    const data = randomBytes(50_000);
    const key = `${prefix}/take.mp4`;
    const put = await storage.put(key, await source(data));
    data[25_000] = (data[25_000] ?? 0) ^ 1;
    await writeFile(join(opened.folder, key), data);
    const found = await storage.verify(key);
    expect(found).toEqual({ key, bytes: 50_000, sha256: sha256(data) });
    expect(found?.sha256).not.toBe(put.sha256);
  });

  test('reads ranges', async () => {
    const data = randomBytes(400_000);
    const key = `${prefix}/take.mp4`;
    await storage.put(key, await source(data));
    for (const [start, end] of [
      [0, 0],
      [0, 99],
      [123_456, 345_678],
      [399_999, 399_999],
      [399_000, 999_999],
    ] as const) {
      const part = await buffer(await storage.read(key, { start, end }));
      expect(part.equals(data.subarray(start, end + 1))).toBe(true);
    }
    await expect(storage.read(key, { start: 400_000, end: 400_001 })).rejects.toMatchObject({ code: 'bad_request' });
  });

  test('frees a stream that is destroyed early', async () => {
    const key = `${prefix}/take.mp4`;
    await storage.put(key, await source(randomBytes(3_000_000)));
    for (let round = 0; round < 20; round += 1) {
      const stream = await storage.read(key);
      stream.destroy();
      await once(stream, 'close');
    }
    expect(await storage.size(key)).toBe(3_000_000);
  });

  test('says null or not_found of what is not there', async () => {
    const key = `${prefix}/none.mp4`;
    expect(await storage.verify(key)).toBeNull();
    expect(await storage.size(key)).toBeNull();
    await expect(storage.read(key)).rejects.toMatchObject({ code: 'not_found' });
    expect(await keysOf(storage, prefix)).toEqual([]);
  });

  test('deletes, and deletes again, and leaves its neighbours', async () => {
    const [one, two] = [`${prefix}/a/b/take.mp4`, `${prefix}/a/take.mp4`];
    await storage.put(one, await source(randomBytes(100)));
    await storage.put(two, await source(randomBytes(100)));
    await storage.delete(one);
    await storage.delete(one);
    expect(await storage.size(one)).toBeNull();
    expect(await keysOf(storage, prefix)).toEqual([{ key: two, bytes: 100 }]);
    await storage.delete(two);
    expect((await filesBelow(opened.folder)).filter((file) => file.includes(`/${prefix}/`))).toEqual([]);
  });

  test('deletes all that begins alike, and nothing else', async () => {
    const keys = ['s1/a.mp4', 's1/deep/b.mp4', 's1/deep/c.mp4', 's10/d.mp4', 's2/e.mp4'].map(
      (key) => `${prefix}/${key}`,
    );
    for (const key of keys) await storage.put(key, await source(randomBytes(100)));
    await storage.deletePrefix(`${prefix}/s1/`);
    await storage.deletePrefix(`${prefix}/s1/`);
    const left = (await keysOf(storage, `${prefix}/`)).map(({ key }) => key);
    expect(left.sort()).toEqual([`${prefix}/s10/d.mp4`, `${prefix}/s2/e.mp4`]);
    for (const bad of ['', '/', '..', 'a//']) {
      await expect(storage.deletePrefix(bad), bad).rejects.toMatchObject({ code: 'bad_request' });
    }
  });

  test('lists more than a page, by prefix, also in the middle of a name', async () => {
    const file = await source(Buffer.from('x'));
    const keys = Array.from({ length: listed }, (_, index) => `${prefix}/s${index % 7}/take-${index}.mp4`);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => storage.put(key, file)));
    }
    const found = await keysOf(storage, `${prefix}/`);
    expect(found.map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(found.every(({ bytes }) => bytes === 1)).toBe(true);
    const some = (await keysOf(storage, `${prefix}/s3/take-1`)).map(({ key }) => key);
    expect(some.sort()).toEqual(keys.filter((key) => key.startsWith(`${prefix}/s3/take-1`)).sort());
  }, 60_000);

  test('leaves nothing of a put that is aborted in the middle', async () => {
    const file = await source(randomBytes(6 * PART_BYTES));
    const key = `${prefix}/take.mp4`;
    const before = await filesBelow(opened.folder);
    const controller = new AbortController();
    const reason = new Error('not wanted any more');
    const put = storage.put(key, file, { signal: controller.signal, onProgress: () => controller.abort(reason) });
    await expect(put).rejects.toBe(reason);
    expect(await storage.size(key)).toBeNull();
    expect(await filesBelow(opened.folder)).toEqual(before);
    const late = storage.put(key, file, { signal: AbortSignal.abort(reason) });
    await expect(late).rejects.toBe(reason);
  });

  test('keeps the old object when its replacement is aborted', async () => {
    const old = randomBytes(1_000);
    const key = `${prefix}/take.mp4`;
    await storage.put(key, await source(old));
    const controller = new AbortController();
    const put = storage.put(key, await source(randomBytes(6 * PART_BYTES)), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(put).rejects.toMatchObject({ name: 'AbortError' });
    expect(await storage.verify(key)).toMatchObject({ sha256: sha256(old) });
  });

  test('survives several puts of one key at once: one of them wins, whole', async () => {
    const contents = Array.from({ length: 6 }, (_, index) => randomBytes(200_000 + index));
    const key = `${prefix}/deep/er/take.mp4`;
    await Promise.all(contents.map(async (data) => storage.put(key, await source(data))));
    const found = await storage.verify(key);
    expect(contents.map(sha256)).toContain(found?.sha256);
  });

  test('refuses what is no key', async () => {
    const file = await source(Buffer.from('x'));
    const bad = [
      ...['', '/', '.', '..', '../x.mp4', 'a/../b.mp4', '/etc/passwd', '/a.mp4', 'a//b.mp4', 'a/.b.mp4', 'a/b', 'a/b.'],
      ...[
        'a\\b.mp4',
        'a/b.mp4\0',
        'a/b.mp4\n',
        'a b.mp4',
        '.incoming/x.mp4',
        'ä.mp4',
        `${'a'.repeat(600)}.mp4`,
        'a.MP4',
      ],
    ];
    for (const key of bad) {
      await expect(storage.put(key, file), key).rejects.toMatchObject({ code: 'bad_request' });
      await expect(storage.read(key), key).rejects.toMatchObject({ code: 'bad_request' });
      await expect(storage.verify(key), key).rejects.toMatchObject({ code: 'bad_request' });
      await expect(storage.size(key), key).rejects.toMatchObject({ code: 'bad_request' });
      await expect(storage.delete(key), key).rejects.toMatchObject({ code: 'bad_request' });
    }
    for (const start of ['/', '..', '../', 'a/../', '.incoming', 'a//']) {
      await expect(keysOf(storage, start), start).rejects.toMatchObject({ code: 'bad_request' });
    }
  });

  test('says that the source is missing, and stores nothing', async () => {
    const key = `${prefix}/take.mp4`;
    await expect(storage.put(key, join(sources, 'none'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await storage.size(key)).toBeNull();
  });

  test('passes its own check', async () => {
    await expect(storage.check()).resolves.toBeUndefined();
  });
});
