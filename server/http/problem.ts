import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type ErrorBody, type ErrorCode } from '#protocol/errors.ts';

/** RFC 9457 problem details; `code`, `message`, `field` and `id` are the extension members that clients read. */
export type Problem = ErrorBody & { type: string; title: string; status: number };

export function toProblem(error: AppError, id?: string): Problem {
  return {
    type: `urn:goodtake:error:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status: error.status,
    ...error.toBody(),
    ...(id === undefined ? {} : { id }),
  };
}

/** Fastify's own refusals, by their code. */
const FASTIFY_CODES: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'too_large', message: 'The request is too large.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'bad_request', message: 'The body must be application/json.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'bad_request', message: 'The body must not be empty.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'bad_request', message: 'The body must be valid JSON.' },
};

/** The error that a client may see in place of any other. What is not of our catalogue becomes `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error) {
    const refusal = 'code' in error && typeof error.code === 'string' ? FASTIFY_CODES[error.code] : undefined;
    if (refusal) return new AppError(refusal.code, refusal.message, { cause: error });
    if ('statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
      return new AppError('bad_request', 'The request could not be read.', { cause: error });
    }
  }
  return new AppError('internal', 'Something went wrong on our side.', { cause: error });
}

/** Answers with problem details. What is our fault is logged with an id, and the id is all that the client learns. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toAppError(error);
  const ours = known.code === 'internal' || (known.status >= 500 && known.cause !== undefined);
  const id = ours ? randomUUID() : undefined;
  if (ours) {
    const route = request.routeOptions.url ?? 'none';
    request.log.error({ id, route, errorCode: known.code, err: known.cause ?? known }, 'request failed');
  }
  // RFC 6750: says which scheme is asked for.
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .status(known.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(known, id)));
}
