import pg from 'pg';
import { count } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';

/** Statements that only frame others; Prisma sends them with each interactive transaction. */
const FRAMING = /^\s*(begin|start transaction|commit|rollback|savepoint|release)\b/i;

function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement;
  const text: unknown = (statement as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}

type AnyQuery = (...args: unknown[]) => unknown;

class CountedClient extends pg.Client {
  /** True while a caller of `connect` holds it; the pool counts its own statements. */
  counted = false;
  tell: (() => void) | null = null;

  override query(...args: unknown[]): never {
    if (this.counted && !FRAMING.test(textOf(args[0]))) this.tell?.();
    return (super.query as AnyQuery).apply(this, args) as never;
  }
}

/**
 * A pool that counts each statement once, in the async context of the caller, at the moment of the
 * call. (pg's own `query` runs on from whichever context frees a connection, which would put one
 * operation's statement on the account of another.) `onStatement` is told of each.
 */
export class CountedPool extends pg.Pool {
  readonly #tell: () => void;

  constructor(config: pg.PoolConfig, onStatement: () => void) {
    super({ ...config, Client: CountedClient });
    this.#tell = () => {
      count('sql');
      onStatement();
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
    this.#tell();
    return this.#run(args) as never;
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
