import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../../prisma/client/client.js';
import { count } from '../kernel/count.js';
import type { Database, Sql } from './ports.js';

const INT8 = 20;

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 && format !== 'binary'
      ? (text: string) => Number(text)
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

const rawTypes: pg.CustomTypesConfig = {
  getTypeParser: (() => (bytes: unknown) => bytes) as typeof pg.types.getTypeParser,
};

/** Counts every statement at the moment of the call, in the caller's async context: the pool may run it from another's. */
class CountingPool extends pg.Pool {
  override query(...args: unknown[]): never {
    count('sql');
    return (super.query as (...all: unknown[]) => unknown).apply(this, args) as never;
  }
}

function sqlOf(client: pg.Pool | pg.PoolClient, counted: boolean): Sql {
  return {
    async query<Row extends object>(
      text: string,
      values: readonly unknown[] = [],
      options?: { name?: string; binary?: boolean },
    ): Promise<Row[]> {
      if (!counted) count('sql');
      const result = await client.query<Row>({
        text,
        values: [...values],
        types: options?.binary === true ? rawTypes : types,
        ...(options?.binary === true ? { binary: true } : {}),
        ...(options?.name === undefined ? {} : { name: options.name }),
      });
      return result.rows;
    },
  };
}

/** Opens a pool in UTC. `onError` gets errors of idle connections; while closing they are expected. */
export function openDatabase(
  url: string,
  options: { max?: number; onError?: (error: Error) => void } = {},
): Database {
  let closing = false;
  const pool = new CountingPool({
    connectionString: url,
    max: options.max ?? 10,
    options: '-c timezone=UTC',
    connectionTimeoutMillis: 10_000,
    application_name: 'augury',
  });
  pool.on('error', (error) => {
    if (!closing) options.onError?.(error);
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    ...sqlOf(pool, true),
    prisma,
    pool,
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const result = await work({ ...sqlOf(client, false), client });
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => undefined);
        throw error;
      } finally {
        client.release();
      }
    },
    async close() {
      closing = true;
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
