import { randomUUID } from 'node:crypto';
import { AppError, type ErrorBody } from '#protocol/errors.ts';
import type { Logger } from '#server/log.ts';

/**
 * What a client may see of an error. What is our fault is logged with an id, and the id is all that the client learns.
 * @param where ids that help to find the cause; nothing personal
 */
export function toErrorBody(error: unknown, { log, where }: { log: Logger; where: object }): ErrorBody {
  const known =
    error instanceof AppError ? error : new AppError('internal', 'Something went wrong on our side.', { cause: error });
  const ours = known.code === 'internal' || (known.status >= 500 && known.cause !== undefined);
  if (!ours) return known.toBody();
  const id = randomUUID();
  log.error({ ...where, id, errorCode: known.code, err: known.cause ?? known }, 'request failed');
  return { ...known.toBody(), id };
}
