import { userError, type UserError } from '../kernel/error.js';

/** Longest comment of a change, in characters. */
export const MAX_COMMENT = 2_000;

/** What is wrong with the comment of a change; null when nothing is. */
export function commentError(comment: string | null | undefined): UserError | null {
  const length = comment?.length ?? 0;
  if (length <= MAX_COMMENT) return null;
  return userError(
    'INVALID',
    `comment must be at most ${MAX_COMMENT} characters, got ${length}`,
    'comment',
  );
}
