import pg from 'pg';
import { from as copyFromStdin, to as copyToStdout } from 'pg-copy-streams';
import { pipeline } from 'node:stream/promises';
import type { PrismaClient } from '../../prisma/client/client.js';
import { AppError } from '../kernel/error.js';
import { sessionOptions } from './connection.js';
import { CountedPool, type OnStatement } from './counted-pool.js';
import type { Copy, Database, Sql } from './ports.js';

const INT8 = 20;

type TypeParser = (value: string) => unknown;

const parserOf = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => TypeParser;

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary'): TypeParser =>
    oid === INT8 && format !== 'binary'
      ? Number
      : parserOf(oid, format)) as typeof pg.types.getTypeParser,
};

function sqlOf(client: pg.Pool | pg.PoolClient): Sql {
  return {
    async query<Row extends object>(
      text: string,
      values: readonly unknown[] = [],
      options?: { name?: string },
    ): Promise<Row[]> {
      try {
        const result = await client.query<Row>({
          text,
          values: [...values],
          types,
          ...(options?.name === undefined ? {} : { name: options.name }),
        });
        return result.rows;
      } catch (error) {
        throw translated(error);
      }
    },
  };
}

/** U+0000 as text, and inside JSON. */
const UNSTORABLE_TEXT = ['22021', '22P05'];

/** What a caller wrote and PostgreSQL cannot hold is the caller's fault, wherever it comes from. */
function translated(error: unknown): unknown {
  const unstorable =
    error instanceof pg.DatabaseError && UNSTORABLE_TEXT.includes(error.code ?? '');
  if (!unstorable) return error;
  const message = 'a text holds U+0000 or half of a surrogate pair, which cannot be stored';
  return new AppError('INVALID', message, { cause: error });
}

function copyOn(client: pg.PoolClient): Copy {
  return {
    async copyFrom(statement, source) {
      const stream = client.query(copyFromStdin(statement));
      await pipeline(source, stream);
      return stream.rowCount;
    },
    async *copyTo(statement) {
      const stream = client.query(copyToStdout(statement));
      for await (const chunk of stream) yield chunk as Buffer;
    },
  };
}

/** COPY on a connection of its own; one left early, or after an error, is closed instead of going back. */
function copyFromPool(pool: pg.Pool): Copy {
  return {
    async copyFrom(statement, source) {
      const client = await pool.connect();
      try {
        const rows = await copyOn(client).copyFrom(statement, source);
        client.release();
        return rows;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    async *copyTo(statement) {
      const client = await pool.connect();
      let finished = false;
      try {
        yield* copyOn(client).copyTo(statement);
        finished = true;
      } finally {
        client.release(!finished);
      }
    },
  };
}

export interface DatabaseOptions {
  /** Connections at most; each process has its own pool. */
  max?: number;
  /** Errors of idle connections, such as a server that restarts. */
  onError?: (error: Error) => void;
  /** Called for each statement that is sent, Prisma's included. */
  onStatement?: OnStatement;
}

async function openPrisma(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([
    import('../../prisma/client/client.js'),
    import('@prisma/adapter-pg'),
  ]);
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}

/** Opens a pool in UTC; connects on first use and again after the server was away. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  let closing: Promise<void> | null = null;
  const pool = new CountedPool(
    {
      ...sessionOptions(url),
      max: options.max ?? 10,
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      application_name: 'augury',
    },
    options.onStatement ?? null,
  );
  pool.on('error', (error) => {
    // A closing server ends its sessions with an error; that is no news then.
    if (!closing) options.onError?.(error);
  });
  let prisma: Promise<PrismaClient> | null = null;
  const close = async (): Promise<void> => {
    await (await prisma)?.$disconnect();
    await pool.end();
  };
  return {
    ...sqlOf(pool),
    ...copyFromPool(pool),
    prisma: () => (prisma ??= openPrisma(pool)),
    pool,
    async transaction(work) {
      const client = await pool.connect();
      let broken = false;
      // Between two statements nobody else listens, and an unheard error would end the process.
      const onError = (): void => {
        broken = true;
      };
      client.on('error', onError);
      try {
        await client.query('begin');
        const result = await work({ ...sqlOf(client), ...copyOn(client), client });
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(onError);
        throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },
    close: () => (closing ??= close()),
  };
}
