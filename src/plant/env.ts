/** The only place that knows `process.env`: every setting, its bounds, its default and its meaning. */
import fs from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import {
  flag,
  instantOrNull,
  integer,
  networks,
  oneOf,
  origins,
  setting,
  textOrNull,
  urlOrNull,
  type Setting,
} from './setting.js';

/** What the environment looks like: variable to text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every setting, in the order of .env.example. */
const SETTINGS = {
  port: setting({
    variable: 'AUGURY_PORT',
    fallback: '4000',
    meaning: 'Port of the HTTP and WebSocket server, 0..65535; 0 takes a free one.',
    schema: integer(0, 65_535),
  }),
  host: setting({
    variable: 'AUGURY_HOST',
    fallback: '127.0.0.1',
    meaning: 'Address to listen on; 0.0.0.0 opens it to the network (put TLS in front).',
    schema: z.string().regex(/^[0-9A-Za-z.:%_-]+$/, 'must be a host name or an IP address'),
  }),
  dataDir: setting({
    variable: 'AUGURY_DATA_DIR',
    fallback: '.augury',
    meaning: 'Folder of the private PostgreSQL, its password and server.json.',
    schema: z
      .string()
      .min(1, 'must be a folder')
      .transform((text) => path.resolve(text)),
  }),
  tombstones: setting({
    variable: 'AUGURY_TOMBSTONES',
    fallback: '',
    meaning:
      'File that remembers erasures outside of the database, best on another disk; empty is tombstones.ndjson in the data folder.',
    schema: textOrNull,
  }),
  databaseUrl: setting({
    variable: 'DATABASE_URL',
    fallback: '',
    meaning: 'An existing PostgreSQL (14 or newer); empty starts a private one in the data folder.',
    secret: true,
    schema: urlOrNull('postgresql', 'postgres'),
  }),
  databasePool: setting({
    variable: 'AUGURY_DATABASE_POOL',
    fallback: '10',
    meaning:
      'Connections a process keeps for statements, 2..200; queue and bus need up to 10 more.',
    schema: integer(2, 200),
  }),
  redisUrl: setting({
    variable: 'REDIS_URL',
    fallback: '',
    meaning: 'Redis for the queue and publish/subscribe; empty uses PostgreSQL for both.',
    secret: true,
    schema: urlOrNull('redis', 'rediss'),
  }),
  redisPrefix: setting({
    variable: 'AUGURY_REDIS_PREFIX',
    fallback: 'augury',
    meaning: 'Start of every Redis key and channel, so that installations can share one Redis.',
    schema: z.string().regex(/^[\w-]{1,40}$/, 'must be 1..40 letters, digits, _ or -'),
  }),
  role: setting({
    variable: 'AUGURY_ROLE',
    fallback: 'all',
    meaning: 'What this process does: api (answers), worker (jobs), all (both, worker as a child).',
    schema: oneOf('api', 'worker', 'all'),
  }),
  demo: setting({
    variable: 'AUGURY_DEMO',
    fallback: 'true',
    meaning: 'Whether an empty database is filled with the demo population.',
    schema: flag,
  }),
  now: setting({
    variable: 'AUGURY_NOW',
    fallback: '',
    meaning: 'Instant that questions are asked "as of" (ISO 8601); empty is the real time.',
    schema: instantOrNull,
  }),
  retentionDays: setting({
    variable: 'AUGURY_RETENTION_DAYS',
    fallback: '365',
    meaning:
      'Days that events are held, 0..36500; 0 holds them for ever. History that was imported from files is never dropped.',
    schema: integer(0, 36_500),
  }),
  provider: setting({
    variable: 'AUGURY_PROVIDER',
    fallback: 'cpu',
    meaning: 'Where models run: cpu, cuda, webgpu, or auto (the first that agrees with the CPU).',
    schema: oneOf('cpu', 'cuda', 'webgpu', 'auto'),
  }),
  scorerWorkers: setting({
    variable: 'AUGURY_SCORER_WORKERS',
    fallback: '1',
    meaning: 'Threads that run models in one process, 1..16.',
    schema: integer(1, 16),
  }),
  scorerQueueRows: setting({
    variable: 'AUGURY_SCORER_QUEUE_ROWS',
    fallback: '100000',
    meaning: 'Rows that may wait for a model run before more are refused, 1000..10000000.',
    schema: integer(1_000, 10_000_000),
  }),
  scoreWithinMs: setting({
    variable: 'AUGURY_SCORE_WITHIN_MS',
    fallback: '2000',
    meaning:
      'Time a model gets for an answer before stored scores and rules take its place, 50..60000 ms.',
    schema: integer(50, 60_000),
  }),
  resultCache: setting({
    variable: 'AUGURY_RESULT_CACHE',
    fallback: '10000',
    meaning: 'Answers a process remembers until their inputs change, 0..1000000; 0 none.',
    schema: integer(0, 1_000_000),
  }),
  ledgerDays: setting({
    variable: 'AUGURY_LEDGER_DAYS',
    fallback: '0',
    meaning: 'Days that predictions are kept, 0..36500, in whole months; 0 keeps them for ever.',
    schema: integer(0, 36_500),
  }),
  feedDays: setting({
    variable: 'AUGURY_FEED_DAYS',
    fallback: '30',
    meaning: 'Days that a subscriber who was away can catch up with, 1..3650.',
    schema: integer(1, 3_650),
  }),
  channels: setting({
    variable: 'AUGURY_CHANNELS',
    fallback: '',
    meaning:
      'JSON file of the channels that alerts are sent to (webhook, slack, email, pagerduty): see docs/alerts.md; empty: none.',
    schema: textOrNull,
  }),
  webhookNetworks: setting({
    variable: 'AUGURY_WEBHOOK_NETWORKS',
    fallback: '',
    meaning:
      'Comma-separated private networks that webhooks may reach, such as 10.1.0.0/16,127.0.0.1/32; empty: public addresses only.',
    schema: networks,
  }),
  alertsEverySeconds: setting({
    variable: 'AUGURY_ALERTS_EVERY_SECONDS',
    fallback: '15',
    meaning:
      'How often the rules of alerts are looked at, 1..3600 seconds, by one worker however many run; the same for all of them.',
    schema: integer(1, 3_600),
  }),
  tracesUrl: setting({
    variable: 'AUGURY_TRACES_URL',
    fallback: '',
    meaning:
      'OpenTelemetry collector that traces are sent to (OTLP over HTTP), such as http://collector:4318/v1/traces; empty: no traces.',
    schema: urlOrNull('http', 'https'),
  }),
  metricsPort: setting({
    variable: 'AUGURY_METRICS_PORT',
    fallback: '0',
    meaning:
      'Port on which a worker answers /healthz, /readyz and /metrics, 0..65535; 0 is none. The server answers them on its own port.',
    schema: integer(0, 65_535),
  }),
  trialThreads: setting({
    variable: 'AUGURY_TRIAL_THREADS',
    fallback: '0',
    meaning: 'Threads of a worker that search for a model, 0..64; 0 is one a core.',
    schema: integer(0, 64),
  }),
  workerConcurrency: setting({
    variable: 'AUGURY_WORKER_CONCURRENCY',
    fallback: '2',
    meaning: 'Jobs of one queue that a worker process runs at the same time, 1..64.',
    schema: integer(1, 64),
  }),
  allowedOrigins: setting({
    variable: 'AUGURY_ALLOWED_ORIGINS',
    fallback: '',
    meaning:
      'Comma-separated origins of browsers besides the own one, such as https://crm.example.com.',
    schema: origins,
  }),
  publicUrl: setting({
    variable: 'AUGURY_PUBLIC_URL',
    fallback: '',
    meaning:
      'Where browsers reach the server behind a proxy, such as https://augury.example.com; with https, cookies are Secure.',
    schema: urlOrNull('http', 'https'),
  }),
  maxBodyBytes: setting({
    variable: 'AUGURY_MAX_BODY_BYTES',
    fallback: '16777216',
    meaning: 'Largest HTTP body, 1024..104857600 bytes.',
    schema: integer(1_024, 104_857_600),
  }),
  maxModelBytes: setting({
    variable: 'AUGURY_MAX_MODEL_BYTES',
    fallback: '67108864',
    meaning:
      'Largest ONNX file that registerModel takes, 1024..1073741824 bytes; in a body it is a third longer, see AUGURY_MAX_BODY_BYTES.',
    schema: integer(1_024, 1_073_741_824),
  }),
  modelCheckMemoryBytes: setting({
    variable: 'AUGURY_MODEL_CHECK_MEMORY_BYTES',
    fallback: '1073741824',
    meaning: 'Memory of the process that checks such a file, 268435456..68719476736 bytes.',
    schema: integer(268_435_456, 68_719_476_736),
  }),
  modelCheckSeconds: setting({
    variable: 'AUGURY_MODEL_CHECK_SECONDS',
    fallback: '20',
    meaning: 'Time that checking such a file may take, 1..600 seconds.',
    schema: integer(1, 600),
  }),
  maxDepth: setting({
    variable: 'AUGURY_MAX_DEPTH',
    fallback: '12',
    meaning: 'Deepest nesting of a GraphQL operation, 3..50.',
    schema: integer(3, 50),
  }),
  maxTokens: setting({
    variable: 'AUGURY_MAX_TOKENS',
    fallback: '4000',
    meaning: 'Most tokens of a GraphQL document, 100..100000.',
    schema: integer(100, 100_000),
  }),
  logLevel: setting({
    variable: 'AUGURY_LOG_LEVEL',
    fallback: 'info',
    meaning: 'Least level that is written: debug, info, warn, error or silent.',
    schema: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  }),
  logFormat: setting({
    variable: 'AUGURY_LOG_FORMAT',
    fallback: '',
    meaning: 'pretty or json; empty is pretty on a terminal and json elsewhere.',
    schema: oneOf('pretty', 'json'),
  }),
  noColor: setting({
    variable: 'NO_COLOR',
    fallback: '',
    meaning: 'Any value turns colours off (https://no-color.org).',
    schema: z.string().transform((text) => text !== ''),
  }),
  url: setting({
    variable: 'AUGURY_URL',
    fallback: '',
    meaning: 'Server that the command line talks to; empty finds the local one in the data folder.',
    schema: urlOrNull('http', 'https'),
  }),
  key: setting({
    variable: 'AUGURY_KEY',
    fallback: '',
    meaning: 'API key of the command line; empty uses the local one.',
    secret: true,
    schema: textOrNull,
  }),
};

type Settings = typeof SETTINGS;

/** The whole configuration, parsed; see .env.example for what each setting means. */
export type Config = {
  readonly [K in keyof Settings]: Settings[K] extends Setting<infer T> ? T : never;
};

/** Settings from the command line, as typed there; they win over the environment. */
export type ConfigOverrides = {
  readonly [K in keyof Settings]?: string | number | boolean | undefined;
};

const PROPERTIES = Object.keys(SETTINGS) as (keyof Settings)[];

const optionOf = (property: string): string =>
  `--${property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A password inside a URL, and anything declared secret, stays out of messages. */
function shown(value: string, secret: boolean | undefined): string {
  return secret ? '(value not shown)' : JSON.stringify(value.slice(0, 80));
}

/**
 * Reads every setting: the command line wins over the environment, which wins over the default.
 * `terminal` decides the log format when none is set.
 * @throws AppError CONFIGURATION with one line for every setting that is wrong: name, value, bound
 */
export function readConfig(
  environment: Environment,
  overrides: ConfigOverrides = {},
  terminal: boolean = process.stderr.isTTY,
): Config {
  const problems: string[] = [];
  const values = PROPERTIES.map((property) => {
    const { variable, fallback, schema, secret } = SETTINGS[property];
    const override = overrides[property];
    const given = environment[variable]?.trim();
    const standard = property === 'logFormat' ? (terminal ? 'pretty' : 'json') : fallback;
    const text =
      override !== undefined
        ? String(override)
        : given === undefined || given === ''
          ? standard
          : given;
    const parsed = schema.safeParse(text);
    if (parsed.success) return [property, parsed.data];
    const name = override === undefined ? variable : optionOf(property);
    const reasons = [...new Set(parsed.error.issues.map((issue) => issue.message))].join('; ');
    problems.push(`${name} ${reasons}, got ${shown(text, secret)}`);
    return [property, null];
  });
  if (problems.length > 0) {
    const many = problems.length === 1 ? 'setting is' : `${problems.length} settings are`;
    throw new AppError(
      'CONFIGURATION',
      `${many} not usable:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  return Object.fromEntries(values) as Config;
}

/** `AUGURY_*` variables that are no setting: probably misspelt, worth a warning. */
export function unknownVariables(environment: Environment): string[] {
  const known = new Set(PROPERTIES.map((property) => SETTINGS[property].variable));
  return Object.keys(environment)
    .filter((name) => name.startsWith('AUGURY_') && !known.has(name))
    .sort();
}

/**
 * The environment of this process over the `.env` file of `folder`, if there is one.
 * @throws AppError CONFIGURATION when the file exists and cannot be read
 */
export function loadEnvironment(folder: string = process.cwd()): Environment {
  const file = path.join(folder, '.env');
  if (!fs.existsSync(file)) return { ...process.env };
  try {
    return { ...parseEnv(fs.readFileSync(file, 'utf8')), ...process.env };
  } catch (cause) {
    throw new AppError('CONFIGURATION', `${file} cannot be read: ${String(cause)}`, { cause });
  }
}

/** The text of .env.example: every variable with meaning and default, commented out. */
export function envExample(): string {
  const head = [
    '# Every setting of Augury. Copy to .env and change what you need; the environment wins over',
    '# this file, the command line (--port, --data-dir, ...) over both. Nothing here is required.',
  ];
  const blocks = PROPERTIES.map((property) => {
    const { variable, fallback, meaning } = SETTINGS[property];
    return `# ${meaning}\n#${variable}=${fallback}`;
  });
  return `${head.join('\n')}\n\n${blocks.join('\n\n')}\n`;
}
