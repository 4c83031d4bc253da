import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import { startMongod } from '#config/mongod.ts';
import { createAccounts } from '#server/store/accounts.ts';
import { ensureIndexes, openStore } from '#server/store/connect.ts';
import { createInterviews } from '#server/store/interviews.ts';
import { createOrganisations } from '#server/store/organisations.ts';
import { createLogger } from '#server/log.ts';
import { makeFolder } from './http-harness.ts';

/** A database takes seconds to start on a busy machine. */
export const STORE_START_TIMEOUT_MS = 90_000;

/** A real mongod with a database of its own and the repositories on it; `close` ends and removes all. */
export async function startStore() {
  const home = await makeFolder();
  const mongod = await startMongod({
    binary: loadConfig().mongodb.mongodPath,
    dbPath: join(home.folder, 'db'),
    port: 0,
  });
  const url = new URL(mongod.url);
  url.pathname = `/test-${randomUUID()}`;
  const store = await openStore({ url: url.href, log: createLogger('silent') });
  const { connection } = store;
  const repositories = {
    accounts: createAccounts(connection),
    organisations: createOrganisations(connection),
    interviews: createInterviews(connection),
  };
  await ensureIndexes(connection);
  return {
    ...repositories,
    store,
    folder: home.folder,
    async close() {
      await connection.dropDatabase();
      await store.close();
      await mongod.close();
      await home.remove();
    },
  };
}
