import { UnsupportedError } from 'mediasoup/errors';
import { AppError } from '#protocol/errors.ts';

/**
 * Makes mediasoup's refusal of a peer's parameters the product's own.
 * @returns `media_unsupported` for a codec no router has, `bad_request` for parameters without sense, and
 * `unavailable` for a worker that could not be asked; an AppError is returned as it is
 */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof UnsupportedError) {
    return new AppError('media_unsupported', 'The browser sends a format that cannot be recorded.', { cause: error });
  }
  if (error instanceof TypeError) {
    return new AppError('bad_request', 'The media parameters make no sense.', { cause: error });
  }
  return new AppError('unavailable', 'The media connection is not available now.', { cause: error });
}
