import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type DeleteObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMissing, isUnknownRequest } from './s3-errors.ts';

export interface S3DeletionOptions {
  client: S3Client;
  bucket: string;
  /** Items a page of a list, 1000 at most. */
  pageSize: number;
}

/** What is to go: one key, or every key that begins alike. */
export type Scope = { key: string } | { prefix: string };

/** Something that a list has named: an object, one version of it (a delete marker is one), or an unfinished upload. */
interface Found {
  Key?: string | undefined;
  VersionId?: string | undefined;
  UploadId?: string | undefined;
}

/**
 * Makes the function that deletes every unfinished upload, version, delete marker and object of a scope, and returns
 * once the lists of all of them are empty. The list of objects alone would not do: after a deletion that was cut off, a
 * bucket may hold versions of, and uploads to, keys that it does not name any more.
 *
 * A server without versions answers `ListObjectVersions` with 501 or 405. Its list of objects counts then, and a
 * deletion that it answers with a version or a delete marker after all is an error. One that cannot list uploads cannot
 * show that they are gone: that is an error too.
 * @throws Error when something is still there, and whatever the client throws; it can be done again
 */
export function createS3Deletion({ client, bucket: Bucket, pageSize }: S3DeletionOptions) {
  const remove = ({ Key, VersionId }: Found) =>
    unlessMissing(client.send(new DeleteObjectCommand({ Bucket, Key, VersionId })));
  const abort = ({ Key, UploadId }: Found) =>
    unlessMissing(client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })));

  async function uploads(Prefix: string) {
    const answer = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, MaxUploads: pageSize }));
    return answer.Uploads ?? [];
  }
  /** Null on a server that knows no versions. */
  async function versions(Prefix: string) {
    try {
      const answer = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix, MaxKeys: pageSize }));
      return [...(answer.Versions ?? []), ...(answer.DeleteMarkers ?? [])];
    } catch (error) {
      if (isUnknownRequest(error)) return null;
      throw error;
    }
  }
  async function objects(Prefix: string) {
    const answer = await client.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: pageSize }));
    return answer.Contents ?? [];
  }

  return async (scope: Scope): Promise<void> => {
    const prefix = 'key' in scope ? scope.key : scope.prefix;
    // The first page is enough for one key too: its own items come before those of names that only begin alike.
    const inScope = ({ Key }: Found) => 'prefix' in scope || Key === scope.key;
    let versionsListed = true;

    await drain(async () => (await uploads(prefix)).filter(inScope), abort);
    await drain(async () => {
      const page = await versions(prefix);
      versionsListed = page !== null;
      return (page ?? []).filter(inScope);
    }, remove);
    // Some servers list no versions of a bucket that never had any: the objects are asked for in any case.
    await drain(
      async () => (await objects(prefix)).filter(inScope),
      async ({ Key }) => {
        const answer = await remove({ Key });
        if (!versionsListed && isKept(answer)) {
          throw new Error('the bucket keeps older versions, and the server does not list them');
        }
      },
    );
  };
}

/**
 * Drops what a list names until it names nothing. There is no cursor to follow, as what was dropped is gone from the
 * next answer; servers differ in what they make of one that points at something dropped.
 * @throws Error when the list still names what was dropped
 */
async function drain(list: () => Promise<Found[]>, drop: (found: Found) => Promise<unknown>): Promise<void> {
  const dropped = new Set<string>();
  for (let page = await list(); page.length > 0; page = await list()) {
    for (const found of page) {
      const name = JSON.stringify([found.Key, found.VersionId, found.UploadId]);
      if (dropped.has(name)) throw new Error('what was deleted is still there');
      await drop(found);
      dropped.add(name);
    }
  }
}

const isKept = (answer: DeleteObjectCommandOutput | null): boolean =>
  answer !== null && (answer.DeleteMarker === true || answer.VersionId !== undefined);

async function unlessMissing<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
