import { userError, type UserError } from '../../kernel/error.js';

/** Of a segment's name, in characters. */
export const MAX_NAME_LENGTH = 80;

/** What names are compared by: two of a segmentation may not differ in case and blanks alone. */
export function encodeNameKey(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** A name from outside without blanks around it, or what is wrong with it. */
export function checkName(name: string): { name: string; error: UserError | null } {
  const trimmed = name.trim();
  // by characters, not by the halves that some of them are stored as
  const length = Array.from(trimmed).length;
  const control = /[\u0000-\u001f\u007f]/.test(trimmed);
  if (control)
    return { name: trimmed, error: userError('INVALID', 'name must be one line of text', 'name') };
  if (length >= 1 && length <= MAX_NAME_LENGTH) return { name: trimmed, error: null };
  const text = `name must have 1..${MAX_NAME_LENGTH} characters, got ${length}`;
  return { name: trimmed, error: userError('INVALID', text, 'name') };
}
