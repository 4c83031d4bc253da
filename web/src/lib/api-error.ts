import type { ErrorBody, ErrorCode } from '#protocol/errors.ts';

/** What the server answered when it refused, or why it could not be reached. */
export class ApiError extends Error {
  /** `offline` when no answer came at all. */
  readonly code: ErrorCode | 'offline';
  /** A dotted path into the request, when one field is at fault. */
  readonly field: string | undefined;
  /** The id under which the server's log has an unexpected error. */
  readonly id: string | undefined;

  constructor(body: Omit<ErrorBody, 'code'> & { code: ErrorCode | 'offline' }, options?: { cause?: unknown }) {
    super(body.message, options);
    this.name = 'ApiError';
    this.code = body.code;
    this.field = body.field;
    this.id = body.id;
  }
}

/** A sentence for a person about anything that was thrown. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === 'offline') return 'The server cannot be reached. Check your connection and try again.';
    if (error.code === 'internal') {
      return `Something went wrong on our side${error.id === undefined ? '' : ` (number ${error.id})`}. Please try again.`;
    }
    return error.message;
  }
  return 'Something went wrong. Please try again.';
}
