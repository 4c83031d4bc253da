import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Storage } from '#recorder/storage/s3.ts';
import { freePort, startS3Server, type S3Server } from '#test/fixtures/s3-server.ts';

const PART_BYTES = 5 * 1024 * 1024;
const Bucket = 'answers';
let server: S3Server;
let client: S3Client;
let sources: string;

beforeAll(async () => {
  server = await startS3Server({ versioned: true });
  const { endpoint, region, accessKeyId, secretAccessKey } = server.storage;
  client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  sources = await mkdtemp(join(tmpdir(), 'goodtake-source-'));
}, 20_000);
afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(sources, { recursive: true });
});

async function source(bytes: number): Promise<string> {
  const file = join(sources, `${bytes}-${(await readdir(sources)).length}`);
  await writeFile(file, randomBytes(bytes));
  return file;
}

/** A server that takes every connection and says nothing. */
async function startSilentServer() {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await once(silent, 'close');
    },
  };
}

test('writes the checksum of the file into the metadata and the type of the video beside it', async () => {
  const storage = createS3Storage({ ...server.storage, partSizeBytes: PART_BYTES });
  for (const bytes of [1_000, PART_BYTES + 1_000]) {
    const put = await storage.put(`meta/${bytes}.mp4`, await source(bytes));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: put.key, ChecksumMode: 'ENABLED' }));
    expect(head.Metadata).toEqual({ sha256: put.sha256 });
    expect(head.ContentType).toBe('video/mp4');
    expect(head.ChecksumSHA256).toBeDefined();
    await storage.delete(put.key);
  }
  await storage.close();
});

test('says unavailable, in bounded time, when nothing listens', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const storage = createS3Storage({ ...server.storage, endpoint });
  const unavailable = { name: 'AppError', code: 'unavailable', cause: expect.any(Error) as Error };
  await expect(storage.check()).rejects.toMatchObject(unavailable);
  await expect(storage.size('a/x.mp4')).rejects.toMatchObject(unavailable);
  await expect(storage.verify('a/x.mp4')).rejects.toMatchObject(unavailable);
  await expect(storage.delete('a/x.mp4')).rejects.toMatchObject(unavailable);
  await expect(storage.put('a/x.mp4', await source(1_000))).rejects.toMatchObject(unavailable);
  await expect(storage.put('a/x.mp4', await source(2 * PART_BYTES))).rejects.toMatchObject(unavailable);
  await expect(storage.list('a/')[Symbol.asyncIterator]().next()).rejects.toMatchObject(unavailable);
  await storage.close();
}, 30_000);

test('says unavailable, in bounded time, when the server takes a request and is silent', async () => {
  const silent = await startSilentServer();
  const storage = createS3Storage({ ...server.storage, endpoint: silent.endpoint, requestTimeoutMs: 200 });
  await expect(storage.check()).rejects.toMatchObject({ code: 'unavailable' });
  await expect(storage.put('a/x.mp4', await source(1_000))).rejects.toMatchObject({ code: 'unavailable' });
  await storage.close();
  await silent.close();
}, 30_000);

test('says unavailable when the answer stops in the middle', async () => {
  const half = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it'));
  }).listen(0, '127.0.0.1');
  await once(half, 'listening');
  const address = half.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const storage = createS3Storage({ ...server.storage, endpoint, idleTimeoutMs: 200 });
  await expect(storage.verify('a/x.mp4')).rejects.toMatchObject({ code: 'unavailable' });
  await storage.close();
  half.close();
  await once(half, 'close');
}, 30_000);

test('says unavailable for a missing bucket and for wrong keys', async () => {
  const elsewhere = createS3Storage({ ...server.storage, bucket: 'nowhere' });
  const stranger = createS3Storage({ ...server.storage, secretAccessKey: 'wrong' });
  const file = await source(1_000);
  for (const storage of [elsewhere, stranger]) {
    await expect(storage.check()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(storage.put('a/x.mp4', file)).rejects.toMatchObject({ code: 'unavailable' });
    await storage.close();
  }
  await expect(stranger.size('a/x.mp4')).rejects.toMatchObject({ code: 'unavailable' });
});

test('an aborted upload leaves no parts on the server', async () => {
  const storage = createS3Storage({ ...server.storage, partSizeBytes: PART_BYTES });
  const controller = new AbortController();
  const put = storage.put('aborted/x.mp4', await source(5 * PART_BYTES), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(put).rejects.toMatchObject({ name: 'AbortError' });
  const left = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(left.Uploads ?? []).toEqual([]);
  await storage.close();
});

test('delete removes the parts that a killed upload left', async () => {
  const Key = 'killed/x.mp4';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: randomBytes(1_000) }));
  const storage = createS3Storage(server.storage);
  await storage.delete(Key);
  const left = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(left.Uploads ?? []).toEqual([]);
  await storage.close();
});

test('delete removes every version in a versioned bucket, and no neighbour', async () => {
  const versioning = { Bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
  await client.send(new PutBucketVersioningCommand(versioning));
  const storage = createS3Storage(server.storage);
  for (const key of ['v/take.mp4', 'v/take.mp4', 'v/take.mp4x', 'v/take.mp4']) {
    await storage.put(key, await source(1_000));
  }
  await storage.delete('v/take.mp4');
  await storage.delete('v/take.mp4');
  const found = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'v/' }));
  expect((found.Versions ?? []).map(({ Key }) => Key)).toEqual(['v/take.mp4x']);
  expect(found.DeleteMarkers ?? []).toEqual([]);
  await storage.close();
});
