import type { Config } from '#config/load.ts';
import { createFolderStorage } from '#recorder/storage/folder.ts';
import { createS3Storage } from '#recorder/storage/s3.ts';
import type { Storage } from '#recorder/storage/storage.ts';

/** The place for saved answers that the settings name. */
export function openStorage(config: Config): Storage {
  if (config.storage.kind === 'folder') return createFolderStorage({ directory: config.storage.directory });
  const { endpoint, region, bucket, accessKeyId, secretAccessKey, forcePathStyle } = config.storage;
  return createS3Storage({
    ...{ region, bucket, accessKeyId, secretAccessKey, forcePathStyle },
    ...(endpoint !== null && { endpoint }),
  });
}
