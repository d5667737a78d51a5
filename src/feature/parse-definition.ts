import type { z } from 'zod';
import { definitionMessage } from './definition-message.js';
import {
  definitionSchema,
  quantileBucket,
  type Definition,
  type QuantileBucket,
} from './definition.js';

/** What is wrong, and where in the definition. */
export interface DefinitionIssue {
  path: string[];
  message: string;
}

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
  const issues = error.issues.slice(0, 20).map((issue) => placeOf(issue, written));
  return { kind: 'issues', issues };
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

/** Of the branches of a union the one that got furthest says what is wrong. */
function placeOf(issue: z.core.$ZodIssue, written: unknown): DefinitionIssue {
  const path = issue.path.map(String);
  const value = issue.path.reduce(partOf, written);
  const own = { path, message: definitionMessage(issue, value) };
  if (issue.code !== 'invalid_union') return own;
  const branches = issue.errors
    .filter((issues) => !issues.some(isAbsence(value)))
    .flatMap((issues) => issues.slice(0, 1))
    .map((inner) => placeOf(inner, value));
  const [furthest] = branches.sort((a, b) => b.path.length - a.path.length);
  return furthest && furthest.path.length > 0
    ? { path: [...path, ...furthest.path], message: furthest.message }
    : own;
}

/** A branch whose own field is not there was not meant: `{ op }` is no reference that lacks `feature`. */
function isAbsence(value: unknown): (issue: z.core.$ZodIssue) => boolean {
  return ({ code, path }) =>
    code !== 'custom' && path.length === 1 && path.reduce(partOf, value) === undefined;
}

function partOf(whole: unknown, key: PropertyKey): unknown {
  return typeof whole === 'object' && whole !== null && Object.hasOwn(whole, key)
    ? (whole as Record<PropertyKey, unknown>)[key]
    : undefined;
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
