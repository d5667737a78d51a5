import { AppError } from '../kernel/error.js';

/** A server's address as one may print it: without the password. */
export function withoutPassword(url: string): string {
  return url.replace(/(:\/\/[^:/@\s]*):[^@/\s]*@/g, '$1:***@');
}

/**
 * Settings every session of ours starts with. `options` in the URL would hide those of the pool, so
 * the two are joined here. UTC because Prisma reads timestamptz as if the session were in UTC.
 */
export function sessionOptions(
  url: string,
  settings: Readonly<Record<string, string>> = {},
): { connectionString: string; options: string } {
  const ours = Object.entries({ timezone: 'UTC', ...settings }).map(
    ([name, value]) => `-c ${name}=${value}`,
  );
  const [address = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const theirs = parameters.getAll('options');
  parameters.delete('options');
  const rest = parameters.toString();
  return {
    connectionString: rest === '' ? address : `${address}?${rest}`,
    options: [...theirs, ...ours].join(' '),
  };
}

/** The reason in an error of a socket or driver; an AggregateError (happy eyeballs) has none of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return withoutPassword(error.message || error.name);
}

/** What to throw when another program cannot be reached: who, why, what to do. */
export function cannotReach(what: string, url: string, error: unknown, remedy: string): AppError {
  return new AppError(
    'UNAVAILABLE',
    `${what} ${withoutPassword(url)} cannot be reached (${reasonOf(error)}): ${remedy}`,
    { cause: error },
  );
}

const LOST_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03']);

/** Whether the server behind a connection went away: a fact about the machine, not a fault of the statement. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionLost);
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as { code?: string };
  const told =
    LOST_CODES.has(code) || /^(Connection terminated|Client has encountered)/.test(error.message);
  return told || isConnectionLost(error.cause);
}

/** Milliseconds to wait before attempt `attempt` (1, 2, …) of a reconnect: doubling, at most 5 s. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(5_000, 50 * 2 ** Math.min(attempt, 10));
}
