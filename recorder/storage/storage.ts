import type { Readable } from 'node:stream';

/** What is known of a stored video. `sha256` in lower-case hex. */
export interface StoredObject {
  key: string;
  bytes: number;
  sha256: string;
}

/** Where saved answers live. A key is made of `[a-z0-9-]` segments joined by `/`, with an extension at the end. */
export interface Storage {
  /**
   * Stores a file under `key`, whole or not at all, replacing what was there.
   * @param onProgress bytes that have arrived, never falling
   * @throws AppError `unavailable` when the storage cannot be reached or refuses; nothing is left under the key then
   */
  put(
    key: string,
    file: string,
    options?: { onProgress?: (bytes: number) => void; signal?: AbortSignal },
  ): Promise<StoredObject>;
  /** Reads the object back from where it lies and computes its length and checksum anew; null when there is none. */
  verify(key: string): Promise<StoredObject | null>;
  /** The length, without reading the content; null when there is none. */
  size(key: string): Promise<number | null>;
  /** A stream of the bytes from `start` to `end`, both included. Destroying it frees everything. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Removes an object and makes sure that it is gone; no error when there was none. */
  delete(key: string): Promise<void>;
  /** Every key that begins with `prefix`, in pages behind the scenes. */
  list(prefix: string): AsyncIterable<{ key: string; bytes: number }>;
  /** Throws AppError `unavailable` with the reason when the storage cannot be used. */
  check(): Promise<void>;
  close(): Promise<void>;
}
