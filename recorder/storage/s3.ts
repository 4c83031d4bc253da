import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { AppError } from '#protocol/errors.ts';
import { checksumFile, checksumOf } from '../checksum.ts';
import { checkKey, checkPrefix, checkScope } from './keys.ts';
import { createS3Deletion } from './s3-deletion.ts';
import { attempt, isMissing, statusOf, wrap } from './s3-errors.ts';
import { createS3Upload } from './s3-upload.ts';
import type { ByteRange, Storage, StoredObject } from './storage.ts';

export interface S3StorageOptions {
  /** For servers other than AWS, for example `http://127.0.0.1:9000`. */
  endpoint?: string;
  region: string;
  bucket: string;
  /** Without these two the SDK looks for the machine's own role. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** `http://host/bucket/key` and not `http://bucket.host/key`: most servers other than AWS want it. */
  forcePathStyle?: boolean;
  /** Files above it go up in parts of it; 5 MiB at least. */
  partSizeBytes?: number;
  /** Keys a page of a list, 1000 at most. */
  pageSize?: number;
  connectTimeoutMs?: number;
  /** From the beginning of a request, a part's bytes included, to the beginning of its answer. */
  requestTimeoutMs?: number;
  /** How long the answer's body may bring nothing while it is verified. */
  idleTimeoutMs?: number;
}

const PART_SIZE_BYTES = 8 * 1024 * 1024;
const PAGE_SIZE = 1000;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
/** A replay that its viewer has paused keeps its connection; the SDK's default of 50 would run out. */
const CONNECTIONS = 512;

/**
 * Keeps videos in a bucket of any S3 server. Each part carries its SHA-256, which the server checks on arrival. The
 * checksum that S3 keeps of a multipart object is one of its parts' checksums, not the file's ("composite", see
 * "Checking object integrity" in the S3 user guide): so the file's own goes into the metadata, as `sha256`, for
 * whoever reads the bucket, and `verify` trusts neither and reads the object.
 * Give the bucket a lifecycle rule that aborts incomplete uploads after a day: a server killed while uploading
 * cannot do it itself.
 */
export function createS3Storage(options: S3StorageOptions): Storage {
  const { bucket: Bucket, requestTimeoutMs = REQUEST_TIMEOUT_MS, pageSize = PAGE_SIZE } = options;
  const client = new S3Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.accessKeyId === undefined || options.secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey } }),
    forcePathStyle: options.forcePathStyle ?? false,
    maxAttempts: ATTEMPTS,
    // Uploads name their algorithm; elsewhere the SDK's own choice (CRC32) is refused by some servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
    },
  });

  const upload = createS3Upload({
    ...{ client, bucket: Bucket },
    partSizeBytes: options.partSizeBytes ?? PART_SIZE_BYTES,
    stallTimeoutMs: requestTimeoutMs * ATTEMPTS,
  });
  const remove = createS3Deletion({ client, bucket: Bucket, pageSize });

  async function get(Key: string, range?: ByteRange): Promise<Readable | null> {
    try {
      const Range = range && `bytes=${range.start}-${range.end}`;
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range && { Range }) }));
      if (!(Body instanceof Readable)) throw new Error('the answer has no body');
      return Body;
    } catch (error) {
      if (isMissing(error)) return null;
      if (statusOf(error) === 416) throw new AppError('bad_request', 'The range starts behind the end of the video.');
      throw error;
    }
  }

  async function head(Key: string): Promise<number | null> {
    try {
      const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket, Key }));
      return ContentLength ?? 0;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  return {
    async put(key, file, putOptions = {}): Promise<StoredObject> {
      checkKey(key);
      const { signal } = putOptions;
      signal?.throwIfAborted();
      try {
        const sum = await checksumFile(file, signal);
        await upload(key, file, sum.sha256, putOptions);
        // Too late to stop it: the object is whole, and was not wanted any more.
        if (signal?.aborted) await remove({ key });
        signal?.throwIfAborted();
        return { key, ...sum };
      } catch (error) {
        signal?.throwIfAborted();
        throw wrap(error);
      }
    },

    async verify(key): Promise<StoredObject | null> {
      checkKey(key);
      return attempt(async () => {
        const body = await get(key);
        return body && { key, ...(await checksumOf(watched(body, options.idleTimeoutMs ?? IDLE_TIMEOUT_MS))) };
      });
    },

    async size(key) {
      checkKey(key);
      return attempt(() => head(key));
    },

    async read(key, range) {
      checkKey(key);
      const body = await attempt(() => get(key, range));
      if (!body) throw new AppError('not_found', 'This video is not in the storage.');
      return body;
    },

    async delete(key) {
      checkKey(key);
      await attempt(() => remove({ key }));
    },

    async deletePrefix(prefix) {
      checkScope(prefix);
      await attempt(() => remove({ prefix }));
    },

    async *list(prefix) {
      const Prefix = checkPrefix(prefix);
      try {
        for await (const page of paginateListObjectsV2({ client, pageSize }, { Bucket, Prefix })) {
          for (const { Key: key, Size: bytes } of page.Contents ?? []) {
            if (key !== undefined && bytes !== undefined && !key.endsWith('/')) yield { key, bytes };
          }
        }
      } catch (error) {
        throw wrap(error);
      }
    },

    async check() {
      await attempt(() => client.send(new HeadBucketCommand({ Bucket })));
    },

    close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** Passes a body on, and ends it with an error when it brings nothing for too long. */
async function* watched(body: Readable, idleTimeoutMs: number): AsyncGenerator<Buffer> {
  const stall = () => body.destroy(new Error(`the answer has stalled for ${idleTimeoutMs} ms`));
  let watchdog = setTimeout(stall, idleTimeoutMs);
  try {
    for await (const block of body as AsyncIterable<Buffer>) {
      clearTimeout(watchdog);
      yield block;
      watchdog = setTimeout(stall, idleTimeoutMs);
    }
  } finally {
    clearTimeout(watchdog);
    body.destroy();
  }
}
