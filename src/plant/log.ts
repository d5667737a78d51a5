import { pino } from 'pino';
import { reasonOf, withoutPassword } from './connection.js';
import type { Config } from './env.js';
import type { Log } from './ports.js';

/** Where a log goes: a stream, perhaps a terminal. */
export interface LogStream {
  write(text: string): unknown;
  isTTY?: boolean;
}

/**
 * Keeps this process alive when nobody reads its output any more (`| head`, a terminal that was closed): what
 * cannot be told is dropped, and the work goes on to its end. Call it once, before anything is written.
 */
export function surviveClosedOutput(
  streams: readonly NodeJS.WritableStream[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
}

type Level = 'debug' | 'info' | 'warn' | 'error';

const SECRET_NAME =
  /pass(word|wd|phrase)?$|secret|token$|authorization|cookie|credential|^key$|api_?key|private_?key/i;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
const DEEPEST = 6;

/**
 * What may be written of a value: no secret by its name, no password inside a URL, no bearer token;
 * errors with their stack and cause. Cut below six levels.
 */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return withoutPassword(value).replace(BEARER, '$1 [redacted]');
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= DEEPEST) return '[cut]';
  if (value instanceof Error) return loggableError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((entry) => loggable(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [
      name,
      SECRET_NAME.test(name) && entry !== null && entry !== undefined
        ? '[redacted]'
        : loggable(entry, depth + 1),
    ]),
  );
}

function loggableError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: loggable(error.message || reasonOf(error), depth + 1),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: loggable(error.stack ?? '', depth + 1),
    ...(error.cause === undefined ? {} : { cause: loggable(error.cause, depth + 1) }),
  };
}

/**
 * Opens the log of a process, on standard error unless told otherwise: one JSON object a line (pino), or
 * lines for people. Secrets are kept out of both (see `loggable`).
 */
export function createLog(
  config: Pick<Config, 'logLevel' | 'logFormat' | 'noColor'>,
  stream: LogStream = process.stderr,
): Log {
  const json = pino(
    {
      level: config.logLevel,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (told: unknown) => told }, // `loggable` has done it
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void stream.write(line) },
  );
  const colour = stream.isTTY === true && !config.noColor;
  const at =
    (level: Level): Log[Level] =>
    (fields, message) => {
      if (!json.isLevelEnabled(level)) return;
      const safe = loggable(fields) as Record<string, unknown>;
      const text = String(loggable(message));
      if (config.logFormat === 'json') json[level](safe, text);
      else stream.write(prettyLine(level, safe, text, colour));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const COLOURS: Readonly<Record<Level, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

function prettyLine(
  level: Level,
  fields: Record<string, unknown>,
  message: string,
  colour: boolean,
): string {
  const paint = (text: string, code: number): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  const time = paint(new Date().toTimeString().slice(0, 8), 90);
  const word = paint(level.toUpperCase().padEnd(5), COLOURS[level]);
  const stacks: string[] = [];
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const told = asError(value);
      if (!told)
        return `${name}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`;
      if (level === 'error') stacks.push(told.stack);
      return `${name}=${quoted(told.message)}`;
    });
  const tail = pairs.length === 0 ? '' : ` ${paint(pairs.join(' '), 90)}`;
  const trace = stacks.map((stack) => `\n${stack.replace(/^/gm, '    ')}`).join('');
  return `${time} ${word} ${message}${tail}${trace}\n`;
}

const quoted = (text: string): string => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));

function asError(value: unknown): { message: string; stack: string } | null {
  if (typeof value !== 'object' || value === null) return null;
  const { message, stack } = value as { message?: unknown; stack?: unknown };
  return typeof message === 'string' && typeof stack === 'string' ? { message, stack } : null;
}
