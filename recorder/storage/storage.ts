import type { Readable } from 'node:stream';

/** What is known of a stored video. `sha256` in lower-case hex. */
export interface StoredObject {
  key: string;
  bytes: number;
  sha256: string;
}

/** The bytes from `start` to `end`, both included, counted from 0. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface PutOptions {
  /** Bytes that have arrived, never falling. */
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Where saved answers live. A key is made of `[A-Za-z0-9_-]` segments joined by `/`, with a lower-case extension at
 * the end. Every method throws AppError: `bad_request` for a key that is none, `unavailable` when the storage cannot
 * be reached or refuses, with the cause.
 */
export interface Storage {
  /**
   * Stores a file under `key`, whole or not at all, replacing what was there. After a failure the key holds what it
   * held before, never a part; after an abort, either that or nothing.
   * @throws AppError `unavailable`, or `disk_full`; the signal's reason when it is aborted
   */
  put(key: string, file: string, options?: PutOptions): Promise<StoredObject>;
  /** Reads the object back from where it lies and computes its length and checksum anew; null when there is none. */
  verify(key: string): Promise<StoredObject | null>;
  /** The length, without reading the content; null when there is none. */
  size(key: string): Promise<number | null>;
  /**
   * A stream of the object's bytes. Destroying it frees everything.
   * @throws AppError `not_found` when there is none, `bad_request` when the range starts behind the end
   */
  read(key: string, range?: ByteRange): Promise<Readable>;
  /** Removes an object, its older versions and unfinished uploads, and makes sure that it is gone; no error when there was none. */
  delete(key: string): Promise<void>;
  /**
   * Removes everything whose key begins with `prefix`, as `delete` does, and makes sure that nothing is left: also what
   * `list` does not name any more after a deletion that was cut off. A prefix that is empty is refused.
   */
  deletePrefix(prefix: string): Promise<void>;
  /** Every key that begins with `prefix`, in pages behind the scenes. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number }>;
  /** Throws AppError `unavailable` with the reason when the storage cannot be used. Cheap enough for a health check. */
  check(): Promise<void>;
  close(): Promise<void>;
}
