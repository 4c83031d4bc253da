import mongoose from 'mongoose';
import { AppError } from '#protocol/errors.ts';

const { mongo } = mongoose;

/** The driver's classes for "no MongoDB that takes this could be reached", beside those named below. */
const UNREACHABLE = [
  mongo.MongoNetworkError,
  mongo.MongoServerSelectionError,
  mongo.MongoNotConnectedError,
  mongo.MongoTopologyClosedError,
  mongo.MongoClientClosedError,
  mongo.MongoServerClosedError,
  mongo.MongoOperationTimeoutError,
];

/** Not exported by the driver, and mongoose's own at a first connection. */
const UNREACHABLE_NAMES = new Set(['MongoWaitQueueTimeoutError', 'MongooseServerSelectionError']);

/**
 * What a server answers that is shutting down, recovering or no primary any more (the state change errors of MongoDB's
 * "Server Discovery and Monitoring" specification).
 */
const STATE_CHANGE_CODES = new Set<unknown>([91, 189, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436]);

/**
 * Gives back a repository whose functions fail with AppError `unavailable` while the database cannot be reached. Every
 * other error stays as it is. The functions must not need `this`; they return promises or async iterables.
 */
export function whileReachable<T extends object>(repository: T): T {
  const functions = Object.entries(repository).map(([name, run]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]) => translate(run(...args)),
  ]);
  return Object.fromEntries(functions) as T;
}

function translate(outcome: unknown): unknown {
  // mongoose's aggregates are both; they are awaited here.
  if (isAsyncIterable(outcome) && !('then' in outcome)) return translateEach(outcome);
  return Promise.resolve(outcome).catch((error: unknown) => {
    throw toStoreError(error);
  });
}

async function* translateEach(items: AsyncIterable<unknown>): AsyncIterable<unknown> {
  try {
    yield* items;
  } catch (error) {
    throw toStoreError(error);
  }
}

function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const unreachable =
    UNREACHABLE.some((kind) => error instanceof kind) ||
    UNREACHABLE_NAMES.has(error.name) ||
    (error instanceof mongo.MongoServerError && STATE_CHANGE_CODES.has(error.code));
  if (!unreachable) return error;
  return new AppError('unavailable', 'The service is not available just now. Please try again.', { cause: error });
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
