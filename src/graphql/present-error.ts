import type { GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import { AppError } from '../kernel/error.js';

/** An error as the caller sees it; `masked` is the real one when it was hidden and must be logged. */
export interface PresentedError {
  formatted: GraphQLFormattedError;
  masked: Error | null;
}

/** The thrown thing under the layers that graphql-js wraps around it. */
function rootCause(error: GraphQLError): Error {
  let current: Error = error;
  while (current instanceof GraphQLError && current.originalError) current = current.originalError;
  return current;
}

/** Whether graphql-js itself found fault with the request: syntax, validation, variables, arguments. */
function isAboutTheRequest(error: GraphQLError, cause: Error): boolean {
  if (!(cause instanceof GraphQLError)) return false;
  if (typeof cause.extensions.code === 'string') return true;
  // With a path it was thrown while resolving: a bad argument names its node, a bad result does not.
  return error.path === undefined || (cause.nodes !== undefined && cause.nodes.length > 0);
}

/**
 * What the caller may see of an error. An `AppError` passes with its code, faults of the request pass;
 * everything else is masked by a sentence that names the request id.
 */
export function presentError(error: GraphQLError, requestId: string): PresentedError {
  const cause = rootCause(error);
  const place = {
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    ...(error.path === undefined ? {} : { path: error.path }),
  };
  if (cause instanceof AppError && cause.code !== 'INTERNAL' && cause.code !== 'CONFIGURATION') {
    const { code, retryable, message } = cause;
    return {
      formatted: { message, ...place, extensions: { code, retryable, requestId } },
      masked: null,
    };
  }
  if (isAboutTheRequest(error, cause)) {
    const { stacktrace: _stacktrace, http: _http, ...extensions } = error.extensions;
    // the innermost code: the server library writes its own general one around it
    const codes = [cause instanceof GraphQLError ? cause.extensions.code : null, extensions.code];
    const code = codes.find((given) => typeof given === 'string') ?? 'BAD_USER_INPUT';
    return {
      formatted: { message: error.message, ...place, extensions: { ...extensions, code } },
      masked: null,
    };
  }
  return {
    formatted: {
      message: `internal error; the log tells more under request id ${requestId}`,
      ...place,
      extensions: { code: 'INTERNAL', retryable: false, requestId },
    },
    masked: cause,
  };
}
