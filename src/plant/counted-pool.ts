import { EventEmitter } from 'node:events';
import pg from 'pg';
import { count } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';

/** Statements that only frame others; Prisma sends them with each interactive transaction. */
const FRAMING = /^\s*(begin|start transaction|commit|rollback|savepoint|release)\b/i;

/** A statement as it is sent; the values never come along. */
export interface SentStatement {
  /** Of a prepared statement, else null. */
  name: string | null;
  text: string;
}

/** Told of each statement when it is sent; what it answers is called once the statement has ended. */
export type OnStatement = (statement: SentStatement) => ((failed: boolean) => void) | null;

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const text: unknown = (statement as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}

function sentOf(statement: unknown): SentStatement {
  const name: unknown = (statement as { name?: unknown } | null)?.name;
  return { name: typeof name === 'string' ? name : null, text: textOf(statement) };
}

/** Calls back when a promise has settled, or a COPY's stream is closed; the statement itself is left as it is. */
function onceEnded(running: unknown, ended: (failed: boolean) => void): void {
  if (running instanceof Promise) {
    running.then(
      () => {
        ended(false);
      },
      () => {
        ended(true);
      },
    );
    return;
  }
  if (!(running instanceof EventEmitter)) return;
  let failed = false;
  running.once('error', () => (failed = true));
  running.once('close', () => {
    ended(failed);
  });
}

type AnyQuery = (...args: unknown[]) => unknown;

class CountedClient extends pg.Client {
  /** True while a caller of `connect` holds it; the pool counts its own statements. */
  counted = false;
  tell: OnStatement | null = null;

  override query(...args: unknown[]): never {
    const told = this.counted && !FRAMING.test(textOf(args[0])) ? this.tell : null;
    const ended = told?.(sentOf(args[0])) ?? null;
    const running = (super.query as AnyQuery).apply(this, args);
    if (ended) onceEnded(running, ended);
    return running as never;
  }
}

/**
 * A pool that counts each statement once, in the async context of the caller, at the moment of the
 * call. (pg's own `query` runs on from whichever context frees a connection, which would put one
 * operation's statement on the account of another.) `onStatement` is told of each.
 */
export class CountedPool extends pg.Pool {
  readonly #tell: OnStatement;

  constructor(config: pg.PoolConfig, onStatement: OnStatement | null) {
    super({ ...config, Client: CountedClient });
    this.#tell = (statement) => {
      count('sql');
      return onStatement?.(statement) ?? null;
    };
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: (...args: never[]) => void): void;
  override connect(callback?: unknown): Promise<pg.PoolClient> {
    if (callback !== undefined) throw new TypeError('use the promise of connect()');
    return this.#checkOut(true);
  }

  override query(...args: unknown[]): never {
    if (typeof args.at(-1) === 'function') throw new TypeError('use the promise of query()');
    const ended = this.#tell(sentOf(args[0]));
    const running = this.#run(args);
    if (ended) onceEnded(running, ended);
    return running as never;
  }

  async #checkOut(counted: boolean): Promise<pg.PoolClient> {
    const client = await super.connect();
    if (client instanceof CountedClient) {
      client.tell = this.#tell;
      client.counted = counted;
    }
    return client;
  }

  async #run(args: unknown[]): Promise<unknown> {
    const client = await this.#checkOut(false);
    let broken: Error | null = null;
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await (client.query as AnyQuery).apply(client, args);
    } catch (error) {
      if (!isStatementError(error)) broken = error instanceof Error ? error : new Error('lost');
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken ?? false);
    }
  }
}

/** The server refused the statement and the connection lives on; also where a border put it into other words. */
export function isStatementError(error: unknown): boolean {
  if (error instanceof AppError) return isStatementError(error.cause);
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}
