import { S3ServiceException } from '@aws-sdk/client-s3';
import { AppError } from '#protocol/errors.ts';

/** The HTTP status that the server answered with; undefined when it answered nothing. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** Whether an object, a version or an upload is not there. A missing bucket answers 404 too, and is no missing video. */
export const isMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && error instanceof S3ServiceException && error.name !== 'NoSuchBucket';

/** Whether the server does not know the request at all: 501 `NotImplemented` or 405 `MethodNotAllowed`. */
export const isUnknownRequest = (error: unknown): boolean => statusOf(error) === 501 || statusOf(error) === 405;

/** Anything that went wrong, as the storage's own error. */
export function wrap(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('unavailable', 'The video storage cannot be used.', { cause: error });
}

/** Runs, and throws nothing but AppError. */
export async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw wrap(error);
  }
}
