import mongoose from 'mongoose';
import { AppError } from '#protocol/errors.ts';

export interface PageRequest {
  cursor?: string | undefined;
  limit: number;
}

export interface Page<T> {
  items: T[];
  /** Opaque; null on the last page. */
  nextCursor: string | null;
}

const CURSOR = /^[A-Za-z0-9_-]{16}$/;

/**
 * The part of a filter that begins after a cursor, in a list sorted by `_id`, the newest first.
 * A cursor is the `_id` of the last row seen, so rows that come or go meanwhile neither repeat nor hide others.
 * @throws AppError `bad_request` for a cursor that no page has given
 */
export function afterCursor(cursor: string | undefined): { _id?: { $lt: mongoose.Types.ObjectId } } {
  if (cursor === undefined) return {};
  if (!CURSOR.test(cursor))
    throw new AppError('bad_request', 'cursor must come from the page before', { field: 'cursor' });
  return { _id: { $lt: new mongoose.Types.ObjectId(Buffer.from(cursor, 'base64url')) } };
}

/**
 * Makes a page of `limit` rows from documents fetched with `limit + 1`, so that the last page is known to be the last.
 */
export function toPage<D extends { _id: mongoose.Types.ObjectId }, T>(
  documents: readonly D[],
  limit: number,
  view: (document: D) => T,
): Page<T> {
  const rows = documents.slice(0, limit);
  const last = documents.length > limit ? rows.at(-1) : undefined;
  return { items: rows.map(view), nextCursor: last ? Buffer.from(last._id.id).toString('base64url') : null };
}
