import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from './config.ts';

const SECRET_FILE = 'secret-key';

/**
 * The key that signs cookies, codes and video addresses: the setting, else the one kept in the data folder, made there
 * at the first start with mode 0600.
 */
export async function loadSecretKey({ secretKey, dataDir }: Pick<Config, 'secretKey' | 'dataDir'>): Promise<string> {
  if (secretKey !== null) return secretKey;
  const file = path.join(dataDir, SECRET_FILE);
  const temporary = `${file}.${randomUUID()}`;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    // A link fails when the file exists, and is never seen half written: two starts at once agree on one key.
    await writeFile(temporary, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
    await link(temporary, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    await rm(temporary, { force: true });
  }
  return (await readFile(file, 'utf8')).trim();
}
