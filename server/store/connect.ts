import mongoose from 'mongoose';
import type { Logger } from '#server/log.ts';

/** How long an operation waits for a usable MongoDB before it fails. */
const SERVER_SELECTION_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 2_000;

export interface Store {
  /** The connection that every repository's models are made on. */
  connection: mongoose.Connection;
  /** Throws when MongoDB does not answer within two seconds. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to MongoDB. Writes are acknowledged by a majority, so that what was said to be saved survives a fail-over.
 * Indexes are not made in passing: make all repositories, then call {@link ensureIndexes} once.
 *
 * The convention of the repositories: `createAccounts(connection)` and its like define their model on the connection
 * and return plain functions; what goes in and comes out are plain objects with ids as strings of 24 hex digits, so that
 * nothing outside this folder knows mongoose. Instants are numbers, milliseconds since 1970 UTC.
 * @throws Error when no MongoDB is reached within five seconds
 */
export async function openStore(options: { url: string; log: Logger }): Promise<Store> {
  const { url, log } = options;
  const connection = mongoose.createConnection(url, {
    autoIndex: false,
    autoCreate: false,
    // Without a connection an operation fails at once, rather than wait in a queue that nobody sees.
    bufferCommands: false,
    serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    writeConcern: { w: 'majority' },
    readConcern: { level: 'majority' },
  });
  connection.on('disconnected', () => log.warn('database disconnected'));
  connection.on('reconnected', () => log.info('database reconnected'));
  // Operations report their own errors; an unheard 'error' event would end the process.
  connection.on('error', (error: unknown) => log.error({ err: error }, 'database connection failed'));
  try {
    await connection.asPromise();
  } catch (error) {
    await connection.destroy();
    throw error;
  }
  return {
    connection,
    async ping() {
      if (!connection.db) throw new Error('the database is not connected');
      await connection.db.command({ ping: 1 }, { timeoutMS: PING_TIMEOUT_MS });
    },
    async close() {
      connection.removeAllListeners('disconnected');
      await connection.destroy();
    },
  };
}

/** Makes every index that the models on this connection name, and waits until all are there. */
export async function ensureIndexes(connection: mongoose.Connection): Promise<void> {
  for (const name of connection.modelNames()) await connection.model(name).createIndexes();
}

/** MongoDB's code for a write that a unique index refused. */
const DUPLICATE_KEY = 11_000;

/** Whether a unique index refused the write. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongoose.mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/** The database's form of an id that a schema has already checked. */
export function toObjectId(id: string): mongoose.Types.ObjectId {
  return mongoose.Types.ObjectId.createFromHexString(id);
}
