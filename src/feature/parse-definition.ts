import type { z } from 'zod';
import { writtenIssues, type WrittenIssue } from '../kernel/written-issue.js';
import {
  definitionSchema,
  quantileBucket,
  type Definition,
  type QuantileBucket,
} from './definition.js';

/** What is wrong, and where in the definition. */
export type DefinitionIssue = WrittenIssue;

export type ParsedDefinition =
  | { kind: 'definition'; definition: Definition }
  /** Its bounds are still to be fitted. */
  | { kind: 'quantiles'; bucket: QuantileBucket }
  | { kind: 'issues'; issues: DefinitionIssue[] };

const MAX_DEPTH = 40;
const MAX_PARTS = 2_000;

/**
 * A definition as somebody wrote it. Anything may come in: what is no definition is answered with the
 * place, and nothing is thrown. Cost: bounded, larger input is refused before it is looked at.
 */
export function parseDefinition(written: unknown): ParsedDefinition {
  const tooLarge = checkExtent(written);
  if (tooLarge) return { kind: 'issues', issues: [{ path: [], message: tooLarge }] };
  if (hasQuantiles(written)) {
    const bucket = quantileBucket.safeParse(written);
    return bucket.success
      ? { kind: 'quantiles', bucket: bucket.data }
      : refused(bucket.error, written);
  }
  const definition = definitionSchema.safeParse(written);
  if (!definition.success) return refused(definition.error, written);
  return definition.data.kind === 'bucket' && definition.data.fitted
    ? {
        kind: 'issues',
        issues: [{ path: ['fitted'], message: 'is left by registration: write quantiles instead' }],
      }
    : { kind: 'definition', definition: definition.data };
}

function refused(
  error: z.ZodError,
  written: unknown,
): { kind: 'issues'; issues: DefinitionIssue[] } {
  return { kind: 'issues', issues: writtenIssues(error, written) };
}

function hasQuantiles(written: unknown): boolean {
  return (
    typeof written === 'object' &&
    written !== null &&
    'kind' in written &&
    written.kind === 'bucket' &&
    'quantiles' in written
  );
}

/** Deep or wide input would cost the parser more than any definition is worth. */
function checkExtent(written: unknown): string | null {
  let level: unknown[] = [written];
  let parts = 0;
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return `must nest at most ${MAX_DEPTH} deep`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      const children: unknown[] = Object.values(value);
      parts += children.length;
      if (parts > MAX_PARTS) return `must have at most ${MAX_PARTS} parts`;
      next.push(...children);
    }
    level = next;
  }
  return null;
}
