/** What a caller can act on; the same names as `UserErrorCode` in the graph. */
export type UserErrorCode =
  'INVALID' | 'NOT_FOUND' | 'CONFLICT' | 'FORBIDDEN' | 'TOO_LARGE' | 'UNAVAILABLE';

/** A failure as data: code, a sentence with the value and the bound, and the path of the input field. */
export interface UserError {
  code: UserErrorCode;
  message: string;
  path: string[];
}

/** Builds a `UserError`; `path` names the input field, outermost first. */
export function userError(code: UserErrorCode, message: string, ...path: string[]): UserError {
  return { code, message, path };
}

/** The one catalogue of thrown errors: HTTP status and whether the same call may succeed later. */
export const ERROR_CATALOGUE = {
  UNAUTHENTICATED: { status: 401, retryable: false },
  FORBIDDEN: { status: 403, retryable: false },
  INVALID: { status: 400, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  CONFLICT: { status: 409, retryable: false },
  TOO_LARGE: { status: 413, retryable: false },
  UNAVAILABLE: { status: 503, retryable: true },
  DEADLINE_EXCEEDED: { status: 504, retryable: true },
  SLOW_SUBSCRIBER: { status: 503, retryable: true },
  CONFIGURATION: { status: 500, retryable: false },
  INTERNAL: { status: 500, retryable: false },
} as const;

export type AppErrorCode = keyof typeof ERROR_CATALOGUE;

/** Thrown where nobody nearer can act. The message is meant for the caller, except for `INTERNAL`. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  constructor(code: AppErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
  }
  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
  get retryable(): boolean {
    return ERROR_CATALOGUE[this.code].retryable;
  }
}
