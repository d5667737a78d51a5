import { z } from 'zod';
import { AppError } from '../../kernel/error.js';
import { readJson } from '../read-json.js';

const text = z.string().trim().min(1, 'must not be empty');
const list = z.union([text, z.array(text).min(1)]);
const named = z.union([text, z.array(text).min(1), z.record(text, text)]);

const reading = {
  format: z.enum(['csv', 'ndjson', 'parquet']).optional(),
  delimiter: z.string().min(1).max(4).optional(),
  encoding: text.optional(),
  missing: list.optional(),
  dateFormat: text.optional(),
  where: text.optional(),
};

const eventMapping = z.strictObject({
  ...reading,
  user: text.optional(),
  at: text.optional(),
  type: text.optional(),
  value: text.optional(),
  id: list.optional(),
  source: text.optional(),
  property: named.optional(),
  device: text.optional(),
});

const userMapping = z.strictObject({
  ...reading,
  id: text.optional(),
  source: text.optional(),
  attribute: named.optional(),
  except: list.optional(),
  registered: text.optional(),
  name: text.optional(),
  email: text.optional(),
});

const outcomeMapping = z.strictObject({
  ...reading,
  user: text.optional(),
  model: text.optional(),
  positive: text.optional(),
  at: text.optional(),
  source: text.optional(),
});

const assignmentMapping = z.strictObject({
  ...reading,
  experiment: text.optional(),
  user: text.optional(),
  variant: text.optional(),
  at: text.optional(),
  source: text.optional(),
});

const ticketMapping = z.strictObject({
  ...reading,
  user: text.optional(),
  id: list.optional(),
  issue: text.optional(),
  opened: text.optional(),
  resolved: text.optional(),
  satisfaction: text.optional(),
  rated: text.optional(),
  text: text.optional(),
  source: text.optional(),
});

const deviceMapping = z.strictObject({
  ...reading,
  id: text.optional(),
  type: text.optional(),
  os: text.optional(),
  user: text.optional(),
  firstSeen: text.optional(),
  source: text.optional(),
});

export type EventMapping = z.infer<typeof eventMapping>;
export type UserMapping = z.infer<typeof userMapping>;
export type OutcomeMapping = z.infer<typeof outcomeMapping>;
export type AssignmentMapping = z.infer<typeof assignmentMapping>;
export type TicketMapping = z.infer<typeof ticketMapping>;
export type DeviceMapping = z.infer<typeof deviceMapping>;
export type ReadingMapping = Pick<
  EventMapping,
  'format' | 'delimiter' | 'encoding' | 'missing' | 'dateFormat' | 'where'
>;

/** Mapping of events from the command line and, below it, a map file. @throws AppError INVALID, all problems at once */
export function readEventMapping(options: object, mapFile: string | undefined): EventMapping {
  return merge(eventMapping, options, mapFile);
}

/** Mapping of users; see `readEventMapping`. */
export function readUserMapping(options: object, mapFile: string | undefined): UserMapping {
  return merge(userMapping, options, mapFile);
}

/** Mapping of outcomes; see `readEventMapping`. */
export function readOutcomeMapping(options: object, mapFile: string | undefined): OutcomeMapping {
  return merge(outcomeMapping, options, mapFile);
}

/** Mapping of assignments; see `readEventMapping`. */
export function readAssignmentMapping(
  options: object,
  mapFile: string | undefined,
): AssignmentMapping {
  return merge(assignmentMapping, options, mapFile);
}

/** Mapping of tickets; see `readEventMapping`. */
export function readTicketMapping(options: object, mapFile: string | undefined): TicketMapping {
  return merge(ticketMapping, options, mapFile);
}

/** Mapping of devices; see `readEventMapping`. */
export function readDeviceMapping(options: object, mapFile: string | undefined): DeviceMapping {
  return merge(deviceMapping, options, mapFile);
}

function merge<T extends z.ZodObject>(
  schema: T,
  options: object,
  mapFile: string | undefined,
): z.infer<T> {
  const base =
    mapFile === undefined
      ? {}
      : parse(schema, readJson(mapFile, `the map file ${mapFile}`), mapFile);
  const known = Object.keys(schema.shape);
  const given = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== undefined && known.includes(key)),
  );
  return { ...base, ...parse(schema, given, 'the command line') };
}

function parse<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')} (known: ${Object.keys(schema.shape).join(', ')})`;
    const place = issue.path.join('.');
    return place === '' ? issue.message : `${place}: ${issue.message}`;
  });
  throw new AppError(
    'INVALID',
    `${where}: ${problems.length === 1 ? (problems[0] ?? '') : `${problems.length} problems:\n${problems.map((p) => `  - ${p}`).join('\n')}`}`,
  );
}

/** Cuts a list at the commas that stand outside quotes and parentheses. */
export function splitList(value: string | readonly string[]): string[] {
  if (typeof value !== 'string') return [...value];
  const items: string[] = [];
  let item = '';
  let depth = 0;
  let quote: string | null = null;
  for (const character of value) {
    if (quote !== null) quote = character === quote ? null : quote;
    else if (character === "'" || character === '`' || character === '"') quote = character;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    if (character === ',' && quote === null && depth <= 0) {
      items.push(item.trim());
      item = '';
    } else item += character;
  }
  items.push(item.trim());
  return items.filter((part) => part !== '');
}
