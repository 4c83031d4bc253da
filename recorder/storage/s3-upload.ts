import { createReadStream } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { PutOptions } from './storage.ts';

export interface S3UploadOptions {
  client: S3Client;
  bucket: string;
  /** Files above it go up in parts of it. */
  partSizeBytes: number;
  /** No part may take longer to arrive. */
  stallTimeoutMs: number;
}

/** Parts in flight: this times the part size is the memory that one upload takes. */
const PARTS_AT_ONCE = 2;

const CONTENT_TYPES: Record<string, string> = { mp4: 'video/mp4', webm: 'video/webm', mkv: 'video/x-matroska' };

/** Makes the function that brings a file under a key, in parts when it is large; an end by `signal` leaves no parts. */
export function createS3Upload({ client, bucket, partSizeBytes, stallTimeoutMs }: S3UploadOptions) {
  return async (key: string, file: string, sha256: string, { onProgress, signal }: PutOptions): Promise<void> => {
    // Aborting `Upload` itself returns while parts are on their way; ending its source makes it wait for them, then
    // tell the server to drop what has arrived.
    const source = createReadStream(file, { signal });
    // It also goes on with the other parts after one has failed: a server that answers nothing would hold us long.
    const stall = () => source.destroy(new Error('no part has arrived for too long'));
    let watchdog = setTimeout(stall, stallTimeoutMs);
    const transfer = new Upload({
      client,
      queueSize: PARTS_AT_ONCE,
      partSize: partSizeBytes,
      params: {
        Bucket: bucket,
        Key: key,
        Body: source,
        ChecksumAlgorithm: 'SHA256',
        ContentType: CONTENT_TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
        Metadata: { sha256 },
      },
    });
    let arrived = 0;
    transfer.on('httpUploadProgress', ({ loaded = 0 }) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stall, stallTimeoutMs);
      if (loaded > arrived) onProgress?.((arrived = loaded));
    });
    try {
      await transfer.done();
    } finally {
      clearTimeout(watchdog);
      source.destroy();
    }
  };
}
