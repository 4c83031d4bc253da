import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Length and SHA-256 (lower-case hex) of some content. */
export interface Checksum {
  bytes: number;
  sha256: string;
}

const READ_BLOCK_BYTES = 256 * 1024;

/** Computes length and SHA-256 of a stream, holding one block at a time. Rejects with the stream's own error. */
export async function checksumOf(stream: AsyncIterable<Uint8Array>): Promise<Checksum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const block of stream) {
    hash.update(block);
    bytes += block.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Computes length and SHA-256 of a file, however large, in constant memory.
 * @throws Error of the file system; an AbortError when `signal` fires
 */
export async function checksumFile(file: string, signal?: AbortSignal): Promise<Checksum> {
  const stream: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: READ_BLOCK_BYTES, signal });
  return checksumOf(stream);
}
