import { userError, type UserError } from '../kernel/error.js';

/** Rows that a writing call takes at most, where it says nothing else. */
export const MAX_ROWS = 10_000;

/** Why a call has too many rows for any of them to be looked at; empty when it has not. */
export function tooManyRows(
  argument: string,
  rows: readonly unknown[],
  most = MAX_ROWS,
): UserError[] {
  if (rows.length <= most) return [];
  const message = `${argument} must be at most ${most.toLocaleString('en-US')} a call, got ${rows.length}`;
  return [userError('TOO_LARGE', message, argument)];
}
