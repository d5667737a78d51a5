import type { z } from 'zod';

const SHOWN = 60;
/** What zod says of a union that was given no words of its own. */
const UNSAID = 'Invalid input';

/** What is wrong with something that somebody wrote as JSON, and where in it. */
export interface WrittenIssue {
  path: string[];
  message: string;
}

/** The issues of a schema in our words, at most 20: the bound and what was written there. */
export function writtenIssues(error: z.ZodError, written: unknown): WrittenIssue[] {
  return error.issues.slice(0, 20).map((issue) => placeOf(issue, written));
}

/** Of the branches of a union the one that got furthest says what is wrong. */
function placeOf(issue: z.core.$ZodIssue, written: unknown): WrittenIssue {
  const path = issue.path.map(String);
  const value = issue.path.reduce(partOf, written);
  const own = { path, message: messageOf(issue, value) };
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

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return got(`must be ${named(issue.expected)}`, value);
    case 'invalid_value':
      return got(oneOf(issue.values), value);
    case 'too_small':
      return got(
        `must be ${issue.inclusive ? 'at least' : 'above'} ${sized(issue, issue.minimum)}`,
        value,
      );
    case 'too_big':
      return got(
        `must be ${issue.inclusive ? 'at most' : 'below'} ${sized(issue, issue.maximum)}`,
        value,
      );
    case 'invalid_format':
      return got(
        issue.format === 'regex' ? `must match ${issue.pattern ?? ''}` : `must be ${issue.format}`,
        value,
      );
    case 'unrecognized_keys':
      return `has no field ${issue.keys.map(shown).join(', ')}`;
    case 'invalid_union':
      return unionMessage(issue, value);
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return issue.message;
  }
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const { options } = issue as { options?: unknown };
  if (Array.isArray(options)) return got(oneOf(options), value);
  if (issue.message !== UNSAID) return got(issue.message, value);
  const choices = issue.errors.flatMap(([first]) => {
    if (first?.path.length !== 0) return [];
    if (first.code === 'invalid_type') return [named(first.expected)];
    return first.code === 'invalid_value' ? [oneOf(first.values).replace('must be ', '')] : [];
  });
  return choices.length === 0
    ? got('is none of what may stand here', value)
    : got(`must be ${[...new Set(choices)].join(' or ')}`, value);
}

function oneOf(values: readonly unknown[]): string {
  return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`;
}

function sized({ origin }: { origin: string }, limit: number | bigint): string {
  if (origin === 'array') return `${limit} long`;
  return origin === 'string' ? `${limit} characters` : String(limit);
}

function named(type: string): string {
  if (type === 'int') return 'a whole number';
  if (type === 'array') return 'a list';
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type === 'string' ? 'text' : type}`;
}

function got(bound: string, value: unknown): string {
  if (value === undefined) return `is missing: ${bound}`;
  if (Array.isArray(value)) return `${bound}, got ${value.length}`;
  return `${bound}, got ${typeof value === 'object' ? 'an object' : shown(value)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
