import { z } from 'zod';
import { userError, type UserError } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';

/** A text of 1..`max` characters that can be stored. */
export const text = (max: number): z.ZodString =>
  z
    .string()
    .min(1, 'is missing')
    .max(max, `must be at most ${max} characters`)
    .refine(isStorableText, 'cannot be stored');

/** The fields of a feature that say what it is and compute nothing. */
export const metadataFields = {
  description: text(1000),
  businessMeaning: text(1000).nullish(),
  owner: text(200),
  tags: z.array(text(60)).max(20, 'must be at most 20').nullish(),
};

/** Issues as data, each with the path of its field; at most 20. */
export function issuesOf(error: z.ZodError, ...prefix: string[]): UserError[] {
  return error.issues
    .slice(0, 20)
    .map((issue) =>
      userError(
        'INVALID',
        `${[...prefix, ...issue.path].join('.')}: ${issue.message}`,
        ...prefix,
        ...issue.path.map(String),
      ),
    );
}
