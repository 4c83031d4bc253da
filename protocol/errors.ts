/**
 * The closed catalogue of error codes. Every failure that leaves the server carries one of these, in a socket
 * acknowledgement or as RFC 9457 problem details, so that a client can translate and react without reading messages.
 */
export const ERROR_STATUS = {
  // The request itself
  bad_request: 400,
  too_large: 413,
  unknown_event: 400,
  rate_limited: 429,
  // Who asks
  unauthenticated: 401,
  token_expired: 401,
  forbidden: 403,
  not_found: 404,
  email_unverified: 403,
  profile_needed: 403,
  not_recruiter: 403,
  // The link of an interview
  not_allowed: 403,
  not_open_yet: 403,
  closed: 403,
  attempts_used: 409,
  // The order of things
  wrong_state: 409,
  version_conflict: 409,
  already_started: 409,
  frozen: 409,
  deadline_passed: 409,
  no_takes_left: 409,
  too_many_tries: 429,
  take_in_progress: 409,
  take_not_playable: 409,
  unknown_take: 404,
  unknown_question: 404,
  consent_needed: 409,
  consent_outdated: 409,
  // Media
  not_joined: 409,
  media_missing: 409,
  media_unsupported: 415,
  recorder_failed: 503,
  busy: 503,
  disk_full: 507,
  shutting_down: 503,
  // Everything else
  unavailable: 503,
  internal: 500,
} as const;

/** One of the closed set of error codes. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** The part of an error that a client may see. `field` is a dotted path into the request; `id` finds it in the log. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  field?: string;
  id?: string;
}

/** The one error class of the product: a stable code, a sentence for a person, and the cause for the log. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; field?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.field = options.field;
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** What a client may see of this error. */
  toBody(): ErrorBody {
    return this.field === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, field: this.field };
  }
}
