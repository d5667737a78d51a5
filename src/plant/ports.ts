import type pg from 'pg';
import type { PrismaClient } from '../../prisma/client/client.js';

/** One connection, or the pool: anything that takes a statement. Every statement is counted (kernel/count). */
export interface Sql {
  /** `name` makes it a prepared statement, parsed once a connection. int8 comes back as number. */
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: { name?: string },
  ): Promise<Row[]>;
}

/** COPY in both directions, as bytes in the format that the statement names. */
export interface Copy {
  /** Runs `copy … from stdin`; answers the number of rows. Nothing is kept when the source fails. */
  copyFrom(
    statement: string,
    source: AsyncIterable<Buffer | string> | Iterable<Buffer | string>,
  ): Promise<number>;
  /** Runs `copy … to stdout`; reads on as it is consumed. Inside a transaction read it to its end. */
  copyTo(statement: string): AsyncIterable<Buffer>;
}

/** Postgres for the rooms' stores. */
export interface Database extends Sql, Copy {
  /**
   * For lists and hot paths use `query`; Prisma shares its pool. Loaded when it is first asked for: that takes
   * half a second of CPU, which most processes never need.
   */
  prisma(): Promise<PrismaClient>;
  readonly pool: pg.Pool;
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<T>(work: (sql: Sql & Copy & { client: pg.PoolClient }) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Publish and subscribe across processes, ids only (payload <= 7 KB of JSON).
 * Delivery is at most once; who must not miss anything re-reads the row.
 */
export interface Bus {
  publish(topic: string, message: unknown): void;
  /**
   * Messages from now on, in order. Each subscriber has a bounded buffer; past it the iterator
   * throws AppError SLOW_SUBSCRIBER, and nothing else is harmed.
   */
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  /** Resolves once everything published so far was handed to the backend. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What a processor gets: the payload as sent, and a signal that fires when the work must stop. */
export interface Delivery {
  payload: unknown;
  attempt: number;
  signal: AbortSignal;
}

/** BullMQ on Postgres or on Redis: the same calls, chosen by configuration. */
export interface Queues {
  /** `jobId` makes the add idempotent; a finished job with this id does not block a new one. */
  add(
    queue: string,
    payload: object,
    options?: { jobId?: string; delayMs?: number; attempts?: number },
  ): Promise<void>;
  /** Starts a worker in this process. An `UnrecoverableJobError` is not retried. */
  work(
    queue: string,
    options: { concurrency: number },
    process: (delivery: Delivery) => Promise<void>,
  ): Promise<void>;
  /** Recurring work; the same `key` replaces the earlier schedule. */
  schedule(
    queue: string,
    key: string,
    every: { everyMs: number } | { cron: string },
    payload: object,
  ): Promise<void>;
  /** Waiting, active and failed jobs of a queue. */
  depth(queue: string): Promise<{ waiting: number; active: number; failed: number }>;
  close(): Promise<void>;
}

/** Thrown by a processor: the input is bad, do not retry. */
export class UnrecoverableJobError extends Error {
  override name = 'UnrecoverableJobError';
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
