import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { AppError } from '#protocol/errors.ts';
import { checksumFile, checksumOf } from '../checksum.ts';
import { checkKey, checkPrefix } from './keys.ts';
import type { ByteRange, PutOptions, Storage, StoredObject } from './storage.ts';

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
/** Parts in flight: this times the part size is the memory that one `put` takes. */
const PARTS_AT_ONCE = 2;
const PAGE_SIZE = 1000;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
/** A replay that its viewer has paused keeps its connection; the SDK's default of 50 would run out. */
const CONNECTIONS = 512;

const CONTENT_TYPES: Record<string, string> = { mp4: 'video/mp4', webm: 'video/webm', mkv: 'video/x-matroska' };

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

  async function upload(Key: string, file: string, sha256: string, { onProgress, signal }: PutOptions): Promise<void> {
    // Aborting `Upload` itself returns while parts are on their way; ending its source makes it wait for them, then
    // tell the server to drop what has arrived.
    const source = createReadStream(file, { signal });
    // It also goes on with the other parts after one has failed: a server that answers nothing would hold us long.
    const stall = () => source.destroy(new Error('no part has arrived for too long'));
    let watchdog = setTimeout(stall, requestTimeoutMs * ATTEMPTS);
    const transfer = new Upload({
      client,
      queueSize: PARTS_AT_ONCE,
      partSize: options.partSizeBytes ?? PART_SIZE_BYTES,
      params: {
        Bucket,
        Key,
        Body: source,
        ChecksumAlgorithm: 'SHA256',
        ContentType: CONTENT_TYPES[Key.slice(Key.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
        Metadata: { sha256 },
      },
    });
    let arrived = 0;
    transfer.on('httpUploadProgress', ({ loaded = 0 }) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(stall, requestTimeoutMs * ATTEMPTS);
      if (loaded > arrived) onProgress?.((arrived = loaded));
    });
    try {
      await transfer.done();
    } finally {
      clearTimeout(watchdog);
      source.destroy();
    }
  }

  /** Deletes what a versioned bucket keeps of a key after it was deleted. */
  async function deleteVersions(Key: string): Promise<void> {
    for (;;) {
      const found = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
      const own = [...(found.Versions ?? []), ...(found.DeleteMarkers ?? [])].filter((version) => version.Key === Key);
      for (const { VersionId } of own) await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
      // What is deleted is gone from the next answer, so there is no cursor to follow; keys that only begin alike
      // come after ours.
      if (own.length === 0) return;
    }
  }

  /** Deletes the parts of uploads that a killed server did not finish. */
  async function abortUploads(Key: string): Promise<void> {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
    for (const { Key: found, UploadId } of Uploads) {
      if (found !== Key) continue;
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    }
  }

  async function remove(Key: string): Promise<void> {
    const answer = await client.send(new DeleteObjectCommand({ Bucket, Key }));
    if (answer.VersionId !== undefined || answer.DeleteMarker) await deleteVersions(Key);
    await abortUploads(Key);
    if ((await head(Key)) !== null) throw new Error('the object is still there');
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
        if (signal?.aborted) await remove(key);
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
      await attempt(() => remove(key));
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

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);
/** A missing bucket answers 404 too, and is no missing video. */
const isMissing = (error: unknown) =>
  statusOf(error) === 404 && error instanceof S3ServiceException && error.name !== 'NoSuchBucket';

function wrap(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('unavailable', 'The video storage cannot be used.', { cause: error });
}

async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw wrap(error);
  }
}
