import { statfs } from 'node:fs/promises';
import { AppError } from '#protocol/errors.ts';

/**
 * Makes sure that a folder's file system has room for another take.
 * @throws AppError `disk_full` when less than `minFreeBytes` are free; Error of the file system
 */
export async function requireFreeSpace(directory: string, minFreeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= minFreeBytes) return;
  const cause = new Error(`${freeBytes} bytes are free, ${minFreeBytes} are wanted`);
  throw new AppError('disk_full', 'There is no room for another recording at the moment.', { cause });
}
