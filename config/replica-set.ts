import { MongoClient, MongoServerError, type Document } from 'mongodb';
import { setTimeout as delay } from 'node:timers/promises';

/** Name of the replica set that an embedded mongod is the only member of. */
export const REPLICA_SET = 'goodtake';

const NOT_YET_INITIALIZED = 94;
const CONNECT_TIMEOUT_MS = 60_000;
const POLL_MS = 30;

/**
 * Makes the mongod on 127.0.0.1 the primary of its own set: initiates the set on first use, and renames the member when
 * the files were last used on another port (with the old name the node takes itself for removed and never votes).
 * Returns when it takes writes; stops early when `signal` says so.
 * @throws Error when another process than `pid` answers on the port
 */
export async function ensureReplicaSet(port: number, pid: number, signal: AbortSignal): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    // The first heartbeat finds nobody; the next one decides how fast a start is.
    heartbeatFrequencyMS: 500,
    minHeartbeatFrequencyMS: POLL_MS,
  });
  const abandon = () => void client.close();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    const admin = client.db('admin');
    const { pid: answering } = await admin.command({ serverStatus: 1 });
    if (Number(answering) !== pid) throw new Error(`port ${port} is already in use`);
    const member = { _id: 0, host: `127.0.0.1:${port}` };
    const config = await admin.command({ replSetGetConfig: 1 }).then(
      (reply) => reply['config'] as Document,
      (error: unknown) => {
        if (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED) return null;
        throw error;
      },
    );
    if (config === null) {
      await admin.command({ replSetInitiate: { _id: REPLICA_SET, members: [member] } });
    } else if ((config['members'] as Document[])[0]?.['host'] !== member.host) {
      const version = (config['version'] as number) + 1;
      await admin.command({ replSetReconfig: { ...config, version, members: [member] }, force: true });
    }
    while (!signal.aborted && (await admin.command({ hello: 1 }))['isWritablePrimary'] !== true) await delay(POLL_MS);
  } finally {
    signal.removeEventListener('abort', abandon);
    await client.close();
  }
}
