import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createS3Storage } from '#recorder/storage/s3.ts';
import type { Storage } from '#recorder/storage/storage.ts';
import { startS3Server, type S3Server } from '#test/fixtures/s3-server.ts';

const Bucket = 'answers';
let server: S3Server;
let client: S3Client;
let folder: string;
let file: string;
let relay: Relay;
let storage: Storage;

beforeAll(async () => {
  server = await startS3Server({ versioned: true });
  const { endpoint, region, accessKeyId, secretAccessKey } = server.storage;
  client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  const versioning = { Bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
  await client.send(new PutBucketVersioningCommand(versioning));
  folder = await mkdtemp(join(tmpdir(), 'goodtake-source-'));
  file = join(folder, 'take');
  await writeFile(file, randomBytes(1_000));
}, 20_000);
afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  relay = await startRelay(server.storage.endpoint);
  // Two items a page: every list of these tests has several.
  storage = createS3Storage({ ...server.storage, endpoint: relay.endpoint, pageSize: 2 });
});
afterEach(async () => {
  await storage.close();
  await relay.close();
});

type Rule = (request: IncomingMessage, response: ServerResponse) => boolean;
type Relay = Awaited<ReturnType<typeof startRelay>>;

/** Passes requests on to the S3 server, but for those that a rule takes. */
async function startRelay(target: string) {
  let rule: Rule = () => false;
  const { hostname, port } = new URL(target);
  const front = createServer((request, response) => {
    if (rule(request, response)) return;
    const { method, url: path, headers } = request;
    const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    use(next: Rule) {
      rule = next;
    },
    async close() {
      front.close();
      front.closeAllConnections();
      await once(front, 'close');
    },
  };
}

/** The network fails for good after so many deletions. */
function failAfter(deletions: number): Rule {
  let seen = 0;
  return (request) => {
    if (request.method === 'DELETE') seen += 1;
    if (seen <= deletions) return false;
    request.socket.destroy();
    return true;
  };
}
const heal: Rule = () => false;

const refuseVersions =
  (status: number): Rule =>
  (request, response) => {
    if (request.method !== 'GET' || !/[?&]versions(=|&|$)/.test(request.url ?? '')) return false;
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end('<?xml version="1.0"?><Error><Code>NotImplemented</Code><Message>none here</Message></Error>');
    return true;
  };

async function startUpload(Key: string): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: randomBytes(1_000) }));
}

/** What the bucket holds below a prefix: a line a version, a delete marker and an upload. */
async function held(Prefix: string): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  const lines = (kind: string, found: { Key?: string | undefined }[]) => found.map(({ Key }) => `${kind} ${Key}`);
  return [...lines('version', Versions), ...lines('marker', DeleteMarkers), ...lines('upload', Uploads)];
}

/** Three answers, one of them with an older version, and two uploads that a killed server left. */
async function fill(prefix: string): Promise<void> {
  for (const name of ['q1', 'q2', 'q2', 'q3']) await storage.put(`${prefix}/${name}.mp4`, file);
  for (const name of ['q1', 'q4', 'q5']) await startUpload(`${prefix}/${name}.mp4`);
}

test.each([0, 1, 2, 3, 4, 5, 6])('finishes a deletion that broke after %d steps', async (steps) => {
  const prefix = `broken-${steps}`;
  await fill(prefix);
  await storage.put(`${prefix}0/q1.mp4`, file);
  relay.use(failAfter(steps));
  await expect(storage.deletePrefix(`${prefix}/`)).rejects.toMatchObject({ code: 'unavailable' });
  relay.use(heal);
  expect(await held(`${prefix}/`)).toHaveLength(7 - steps);
  await storage.deletePrefix(`${prefix}/`);
  expect(await held(prefix)).toEqual([`version ${prefix}0/q1.mp4`]);
});

test('deletes what lies behind a delete marker, where no list of objects names the key', async () => {
  for (const key of ['marked/a.mp4', 'marked/b.mp4']) {
    await storage.put(key, file);
    await client.send(new DeleteObjectCommand({ Bucket, Key: key }));
  }
  expect(await held('marked/')).toHaveLength(4);
  await storage.delete('marked/a.mp4');
  expect(await held('marked/')).toEqual(['version marked/b.mp4', 'marker marked/b.mp4']);
  await storage.deletePrefix('marked/');
  expect(await held('marked/')).toEqual([]);
});

test('does not say deleted while the server keeps what it was told to delete', async () => {
  await storage.put('kept/a.mp4', file);
  relay.use((request, response) => {
    if (request.method !== 'DELETE') return false;
    response.writeHead(204).end();
    return true;
  });
  await expect(storage.delete('kept/a.mp4')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(storage.deletePrefix('kept/')).rejects.toMatchObject({ code: 'unavailable' });
});

test.each([501, 405])('deletes by the list of objects where versions are answered with %d', async (status) => {
  const plain = await startS3Server();
  const front = await startRelay(plain.storage.endpoint);
  front.use(refuseVersions(status));
  const other = createS3Storage({ ...plain.storage, endpoint: front.endpoint, pageSize: 2 });
  for (const name of ['a', 'b', 'c']) await other.put(`plain/${name}.mp4`, file);
  await other.delete('plain/a.mp4');
  expect(await other.size('plain/a.mp4')).toBeNull();
  await other.deletePrefix('plain/');
  for await (const { key } of other.list('plain/')) expect.unreachable(key);
  await other.close();
  await front.close();
  await plain.close();
});

test('deletes in a bucket that has no versions', async () => {
  const plain = await startS3Server();
  const other = createS3Storage({ ...plain.storage, pageSize: 2 });
  for (const name of ['a', 'b', 'c']) await other.put(`plain/${name}.mp4`, file);
  await other.deletePrefix('plain/');
  for await (const { key } of other.list('plain/')) expect.unreachable(key);
  await other.close();
  await plain.close();
});

test.each([403, 503])('does not take a list of versions that fails with %d for one that is empty', async (status) => {
  await storage.put(`away-${status}/a.mp4`, file);
  relay.use(refuseVersions(status));
  await expect(storage.deletePrefix(`away-${status}/`)).rejects.toMatchObject({ code: 'unavailable' });
});

test('says that a bucket keeps versions which the server does not list', async () => {
  await storage.put('hidden/a.mp4', file);
  relay.use(refuseVersions(501));
  await expect(storage.deletePrefix('hidden/')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await held('hidden/')).toEqual(['version hidden/a.mp4', 'marker hidden/a.mp4']);
});

test('deletes no whole storage', async () => {
  await expect(storage.deletePrefix('')).rejects.toMatchObject({ code: 'bad_request' });
});
