import fs from 'node:fs';
import { z } from 'zod';
import { AppError } from '../../kernel/error.js';
import type { Environment } from '../../plant/env.js';
import { PAGERDUTY_URL } from './pagerduty-channel.js';

const url = (...protocols: string[]) =>
  z.string().refine(
    (text) => {
      const parsed = URL.canParse(text) ? new URL(text) : null;
      return parsed !== null && parsed.hostname !== '' && protocols.includes(parsed.protocol);
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

const secret = z.string().min(1, 'must not be empty');
/** One address, with or without a name before it; no line breaks, no lists. */
const address = z
  .string()
  .max(320, 'must be at most 320 characters')
  .regex(
    /^(?:[^<>,;:"\p{Cc}]{0,200}<[^\s<>@,;:"]+@[\w.-]+>|[^\s<>@,;:"]+@[\w.-]+)$/u,
    'must be one e-mail address, such as ops@example.com or Augury <ops@example.com>',
  );

const settings = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('webhook'),
      url: url('https:', 'http:'),
      secrets: z.array(secret).min(1, 'must hold 1..5 secrets').max(5, 'must hold 1..5 secrets'),
    }),
    z.strictObject({ kind: z.literal('slack'), url: url('https:', 'http:') }),
    z.strictObject({
      kind: z.literal('email'),
      smtp: url('smtps:', 'smtp:'),
      from: address,
      to: z.array(address).min(1, 'must hold 1..50 addresses').max(50, 'must hold 1..50 addresses'),
    }),
    z.strictObject({
      kind: z.literal('pagerduty'),
      routingKey: secret,
      url: url('https:', 'http:').default(PAGERDUTY_URL),
    }),
  ],
  { error: () => 'must be one of webhook, slack, email, pagerduty' },
);

/** What the file says of one channel. */
export type ChannelSettings = z.output<typeof settings> & { name: string };

const NAME = /^[A-Za-z][\w-]{0,62}$/;
const MOST_CHANNELS = 50;

/**
 * Reads the file of channels. Values `env:NAME` are taken from the environment.
 * @throws AppError CONFIGURATION when it cannot be read, or with one line for everything that is wrong in it
 */
export function readChannelFile(file: string, environment: Environment): ChannelSettings[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('CONFIGURATION', `AUGURY_CHANNELS: the file cannot be read: ${why}`, {
      cause,
    });
  }
  return parseChannels(text, file, environment);
}

/** The channels that a text of JSON describes; `file` is what errors call it. @throws AppError CONFIGURATION */
export function parseChannels(
  text: string,
  file: string,
  environment: Environment,
): ChannelSettings[] {
  const problems: string[] = [];
  const channels: ChannelSettings[] = [];
  const entries = Object.entries(objectOf(text, file));
  if (entries.length > MOST_CHANNELS)
    problems.push(`holds ${entries.length} channels, at most ${MOST_CHANNELS} are possible`);
  for (const [name, value] of entries) {
    if (!NAME.test(name))
      problems.push(
        `${JSON.stringify(name)}: a name is a letter, then up to 62 of A-Z a-z 0-9 _ -`,
      );
    const missing: string[] = [];
    const resolved = fromEnvironment(value, [name], environment, missing);
    if (missing.length > 0) {
      problems.push(...missing);
      continue;
    }
    const parsed = settings.safeParse(resolved);
    if (parsed.success) channels.push({ ...parsed.data, name });
    else problems.push(...parsed.error.issues.flatMap((issue) => problemsOf(name, issue)));
  }
  if (problems.length === 0) return channels;
  throw new AppError(
    'CONFIGURATION',
    `AUGURY_CHANNELS: ${file} is not usable:\n${problems.map((line) => `  ${line}`).join('\n')}`,
  );
}

function objectOf(text: string, file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // the parser's own words would quote the text, secrets and all
    throw new AppError('CONFIGURATION', `AUGURY_CHANNELS: ${file} is no JSON`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new AppError(
    'CONFIGURATION',
    `AUGURY_CHANNELS: ${file} must be an object of channels by name`,
  );
}

/** Channel, field, what it must be; never the value, which may be a secret. */
function problemsOf(name: string, issue: z.core.$ZodIssue): string[] {
  const at = [name, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${at}.${key}: there is no such field`);
  if (issue.code === 'invalid_type') {
    const [, received = 'nothing'] = /received (\w+)$/.exec(issue.message) ?? [];
    return [
      received === 'undefined' ? `${at} is missing` : `${at} must be of type ${issue.expected}`,
    ];
  }
  return [`${at} ${issue.message}`];
}

/** The value with every text `env:NAME` inside it replaced. */
function fromEnvironment(
  value: unknown,
  path: readonly string[],
  environment: Environment,
  missing: string[],
): unknown {
  if (typeof value === 'string' && value.startsWith('env:')) {
    const variable = value.slice(4);
    const found = environment[variable];
    if (found !== undefined && found !== '') return found;
    missing.push(`${path.join('.')}: the environment variable ${variable} is not set`);
    return value;
  }
  if (Array.isArray(value))
    return value.map((item, at) =>
      fromEnvironment(item, [...path, String(at)], environment, missing),
    );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      fromEnvironment(inner, [...path, key], environment, missing),
    ]),
  );
}
