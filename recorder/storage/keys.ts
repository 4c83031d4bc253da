import { AppError } from '#protocol/errors.ts';

/** S3 allows 1024 bytes; the usual file systems 255 a segment and 4096 in all. */
const KEY_CHARS = 512;
const KEY = /^(?:[A-Za-z0-9_-]{1,128}\/){0,8}[A-Za-z0-9_-]{1,128}\.[a-z0-9]{1,8}$/;
const PREFIX = /^(?:[A-Za-z0-9_-]{1,128}\/){0,8}(?:[A-Za-z0-9_-]{1,128}(?:\.[a-z0-9]{0,8})?)?$/;

/**
 * Lets only plain keys through: no dot segments, no empty ones, nothing absolute, nothing hidden.
 * @throws AppError `bad_request` for any other
 */
export function checkKey(key: string): string {
  if (key.length > KEY_CHARS || !KEY.test(key)) throw new AppError('bad_request', 'This is no storage key.');
  return key;
}

/**
 * Lets only the beginnings of plain keys through, the empty one included.
 * @throws AppError `bad_request` for any other
 */
export function checkPrefix(prefix: string): string {
  if (prefix.length > KEY_CHARS || !PREFIX.test(prefix)) {
    throw new AppError('bad_request', 'This is no beginning of a storage key.');
  }
  return prefix;
}

/**
 * Lets a beginning through that may be deleted: any but the empty one, which would be everything there is.
 * @throws AppError `bad_request` for any other
 */
export function checkScope(prefix: string): string {
  if (prefix === '') throw new AppError('bad_request', 'Deleting needs the beginning of a key.');
  return checkPrefix(prefix);
}
