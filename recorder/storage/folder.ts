import { randomUUID } from 'node:crypto';
import { constants, createReadStream, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#protocol/errors.ts';
import { checksumOf, type Checksum } from '../checksum.ts';
import { checkKey, checkPrefix, checkScope } from './keys.ts';
import type { ByteRange, PutOptions, Storage, StoredObject } from './storage.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const BLOCK_BYTES = 256 * 1024;
/** Files on their way in. A key cannot begin with a dot, so nothing in here is ever read or listed. */
const INCOMING = '.incoming';
/** A copy takes seconds; what has not grown for so long was left by a crash. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;
/** How often another process may remove an empty folder between our making it and our using it. */
const PLACE_ATTEMPTS = 50;

/** Keeps videos as files below `directory`, readable by this user alone. Several processes may share the folder. */
export function createFolderStorage(options: { directory: string }): Storage {
  const root = options.directory;
  const incoming = join(root, INCOMING);

  /** The path of a key, after making sure that no symbolic link on the way leads out of the folder. */
  async function locate(key: string): Promise<string> {
    const segments = checkKey(key).split('/');
    let path = root;
    for (const segment of segments.slice(0, -1)) {
      path = join(path, segment);
      const stats = await statOf(path);
      if (stats && !stats.isDirectory()) throw notPlain();
    }
    const file = join(root, ...segments);
    const stats = await statOf(file);
    if (stats && !stats.isFile()) throw notPlain();
    return file;
  }

  /** Moves a finished file to its place; folders are made as needed, and made again when a delete took them away. */
  async function place(from: string, to: string): Promise<void> {
    let made: string | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        made = (await mkdir(dirname(to), { recursive: true, mode: FOLDER_MODE })) ?? made;
        await rename(from, to);
        break;
      } catch (error) {
        if (!isMissing(error) || attempt === PLACE_ATTEMPTS) throw error;
      }
    }
    // From the file's folder up to the one that holds the first new folder.
    let folder = dirname(to);
    await syncFolder(folder);
    while (made && folder.length >= made.length && folder !== root) {
      folder = dirname(folder);
      await syncFolder(folder);
    }
  }

  async function openKey(key: string): Promise<FileHandle | null> {
    const file = await locate(key);
    return open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(nullIfMissing);
  }

  async function* walk(folder: string, prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
    const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(nullIfMissing)) ?? [];
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const key = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) {
        if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) yield* walk(key, prefix);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        // A file that is deleted while we walk is left out.
        const stats = await statOf(join(root, key));
        if (stats) yield { key, bytes: stats.size };
      }
    }
  }

  async function remove(key: string): Promise<void> {
    const file = await locate(key);
    await unlink(file).catch(nullIfMissing);
    if (await statOf(file)) throw new Error('the file is still there');
    let folder = dirname(file);
    await syncFolder(folder);
    while (folder.length > root.length && (await removeIfEmpty(folder))) folder = dirname(folder);
  }

  return {
    async put(key, file, putOptions = {}): Promise<StoredObject> {
      putOptions.signal?.throwIfAborted();
      const temporary = join(incoming, randomUUID());
      try {
        const target = await locate(key);
        await mkdir(incoming, { recursive: true, mode: FOLDER_MODE });
        const sum = await copy(file, temporary, putOptions);
        putOptions.signal?.throwIfAborted();
        await place(temporary, target);
        return { key, ...sum };
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        putOptions.signal?.throwIfAborted();
        throw wrap(error);
      }
    },

    async verify(key): Promise<StoredObject | null> {
      return attempt(async () => {
        const handle = await openKey(key);
        if (!handle) return null;
        const stream: AsyncIterable<Buffer> = handle.createReadStream({ highWaterMark: BLOCK_BYTES });
        return { key, ...(await checksumOf(stream)) };
      });
    },

    async size(key) {
      return attempt(async () => (await statOf(await locate(key)))?.size ?? null);
    },

    async read(key, range?: ByteRange) {
      return attempt(async () => {
        const handle = await openKey(key);
        if (!handle) throw new AppError('not_found', 'This video is not in the storage.');
        if (range && range.start >= (await handle.stat()).size) {
          await handle.close();
          throw new AppError('bad_request', 'The range starts behind the end of the video.');
        }
        return handle.createReadStream({ highWaterMark: BLOCK_BYTES, ...range });
      });
    },

    async delete(key) {
      await attempt(() => remove(key));
    },

    async deletePrefix(prefix) {
      checkScope(prefix);
      await attempt(async () => {
        for await (const { key } of walk('', prefix)) await remove(key);
        for await (const { key } of walk('', prefix)) throw new Error(`the file ${key} is still there`);
      });
    },

    async *list(prefix) {
      checkPrefix(prefix);
      try {
        yield* walk('', prefix);
      } catch (error) {
        throw wrap(error);
      }
    },

    async check() {
      await attempt(async () => {
        await mkdir(incoming, { recursive: true, mode: FOLDER_MODE });
        for (const name of await readdir(incoming)) {
          const path = join(incoming, name);
          const stats = await statOf(path);
          if (stats && Date.now() - stats.mtimeMs > LEFTOVER_AGE_MS) await rm(path, { force: true });
        }
        const trial = join(incoming, randomUUID());
        const handle = await open(trial, 'wx', FILE_MODE);
        try {
          await handle.writeFile('check');
        } finally {
          await handle.close();
          await rm(trial, { force: true });
        }
      });
    },

    close: () => Promise.resolve(),
  };
}

/** Copies, hashes on the way, and returns only once the content is on the disk. */
async function copy(from: string, to: string, { onProgress, signal }: PutOptions): Promise<Checksum> {
  const target = await open(to, 'wx', FILE_MODE);
  try {
    let written = 0;
    async function* writing(): AsyncGenerator<Buffer> {
      const blocks: AsyncIterable<Buffer> = createReadStream(from, { highWaterMark: BLOCK_BYTES, signal });
      for await (const block of blocks) {
        await target.appendFile(block);
        written += block.byteLength;
        yield block;
        onProgress?.(written);
      }
    }
    const sum = await checksumOf(writing());
    await target.sync();
    return sum;
  } finally {
    await target.close();
  }
}

/** A renamed or removed name survives a power failure only once its folder is flushed too, see fsync(2). */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY).catch(nullIfMissing);
  // Emptied and removed in the meantime: there is nothing left to keep.
  if (!handle) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** False when the folder is in use. */
async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

const codeOf = (error: unknown) => (error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined);
const isMissing = (error: unknown) => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
const statOf = (path: string): Promise<Stats | null> => lstat(path).catch(nullIfMissing);
const notPlain = () =>
  new AppError('unavailable', 'The storage folder holds something that is no plain file or folder.');

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

function wrap(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('disk_full', 'The disk is full.', { cause: error });
  return new AppError('unavailable', 'The storage folder cannot be used.', { cause: error });
}

async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw wrap(error);
  }
}
