import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { openDatabase, type DatabaseOptions } from '../../src/plant/database.js';
import type { Database } from '../../src/plant/ports.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

function open(options: DatabaseOptions = {}): Database {
  const db = openDatabase(test.url, options);
  onTestFinished(() => db.close());
  return db;
}

/** Statements that `work` sends, as its own operation sees them. */
async function sqlOf(work: () => Promise<unknown>): Promise<number> {
  const counts = zeroCounts();
  // Prisma's promises are lazy: they start where they are awaited.
  await withCounts(counts, async () => {
    await work();
  });
  return counts.sql;
}

const never = (): Promise<never> => Promise.reject(new Error('stop'));

describe('counting statements', () => {
  it('counts a statement once, whichever way it is sent', async () => {
    const db = open();
    await (await db.prisma()).user.count();
    expect(await sqlOf(() => db.query('select 1'))).toBe(1);
    expect(await sqlOf(() => db.query('select $1::int', [1], { name: 'one' }))).toBe(1);
    expect(await sqlOf(() => db.pool.query('select 1'))).toBe(1);
    expect(await sqlOf(async () => (await db.prisma()).$queryRaw`select 1`)).toBe(1);
    expect(await sqlOf(async () => (await db.prisma()).user.findMany())).toBe(1);
    expect(
      await sqlOf(async () => db.copyFrom('copy pg_temp.none from stdin', []).catch(() => 0)),
    ).toBe(1);
  });

  it('counts what runs inside a transaction, and not begin and commit', async () => {
    const db = open();
    const ours = db.transaction(async (sql) => {
      await sql.query('select 1');
      await sql.client.query('select 2');
    });
    expect(await sqlOf(() => ours)).toBe(0); // begun outside
    expect(
      await sqlOf(() =>
        db.transaction(async (sql) => {
          await sql.query('select 1');
          await sql.client.query('select 2');
        }),
      ),
    ).toBe(2);
    expect(
      await sqlOf(async () =>
        (await db.prisma()).$transaction(async (tx) => {
          await tx.$queryRaw`select 1`;
          await tx.user.count();
        }),
      ),
    ).toBe(2);
  });

  it('puts each statement on the account of its own operation while they queue for one connection', async () => {
    const db = open({ max: 1 });
    const prisma = await db.prisma();
    await prisma.user.count();
    const operations = Array.from({ length: 20 }, (_, i) =>
      sqlOf(async () => {
        for (let n = 0; n <= i % 5; n += 1)
          await (n % 2 === 0 ? db.query('select pg_sleep(0.002)') : prisma.user.count());
      }),
    );
    expect(await Promise.all(operations)).toEqual(
      Array.from({ length: 20 }, (_, i) => (i % 5) + 1),
    );
  });

  it('tells the process about every statement, also outside an operation', async () => {
    const sent: { name: string | null; text: string }[] = [];
    const ended: boolean[] = [];
    const db = open({
      onStatement: (statement) => {
        sent.push(statement);
        return (failed) => ended.push(failed);
      },
    });
    await db.query('select 1');
    await db.transaction((sql) => sql.query('select $1::int', [42], { name: 'named' }));
    await (await db.prisma()).user.count();
    expect(sent).toHaveLength(3);
    expect(sent.slice(0, 2)).toEqual([
      { name: null, text: 'select 1' },
      { name: 'named', text: 'select $1::int' },
    ]);
    await expect(db.query('select nothing')).rejects.toThrow('nothing');
    for await (const chunk of db.copyTo('copy (select 1) to stdout'))
      expect(chunk.toString()).toBe('1\n');
    await expect.poll(() => ended).toEqual([false, false, false, true, false]);
  });
});

describe('the pool', () => {
  it('keeps a connection whose statement failed', async () => {
    const db = open({ max: 1 });
    const pid = async (): Promise<number | undefined> =>
      (await db.query<{ pid: number }>('select pg_backend_pid() pid'))[0]?.pid;
    const before = await pid();
    await expect(db.query('select 1/0')).rejects.toMatchObject({ code: '22012' });
    expect(await pid()).toBe(before);
  });

  it('goes on after the server cut its connections, busy and idle ones', async () => {
    const errors: Error[] = [];
    const db = open({ onError: (error) => errors.push(error) });
    const admin = new pg.Client(test.url);
    await admin.connect();
    onTestFinished(() => admin.end());
    const cut = (): Promise<unknown> =>
      admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
    await db.query('select 1');
    await cut();
    await expect.poll(() => errors.length).toBe(1);
    const busy = db.query('select pg_sleep(10)');
    const inTransaction = db.transaction(async (sql) => {
      await sql.query('select 1');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await sql.query('select 1');
    });
    const failures = Promise.allSettled([busy, inTransaction]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await cut();
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await db.query('select 1 one')).toEqual([{ one: 1 }]);
    expect(await (await db.prisma()).user.count()).toBe(0);
  });

  it('speaks UTC whatever the URL says, and keeps the options of the URL', async () => {
    const url = `${test.url}?options=${encodeURIComponent('-c work_mem=7MB -c timezone=Asia/Tokyo')}`;
    const db = openDatabase(url);
    onTestFinished(() => db.close());
    expect(
      await db.query(`select current_setting('timezone') tz, current_setting('work_mem') mem`),
    ).toEqual([{ tz: 'UTC', mem: '7MB' }]);
  });

  it('reads bigint as a number', async () => {
    expect(await test.db.query('select 9007199254740991::bigint n')).toEqual([
      { n: Number.MAX_SAFE_INTEGER },
    ]);
  });

  it('closes once, however often it is asked', async () => {
    const db = openDatabase(test.url);
    await db.query('select 1');
    await Promise.all([db.close(), db.close()]);
    await expect(db.query('select 1')).rejects.toThrow();
  });
});

describe('transaction', () => {
  it('leaves nothing behind when its work fails', async () => {
    const db = open();
    await db.query('create table undo (n int)');
    const failing = db.transaction(async (sql) => {
      await sql.query('insert into undo values (1)');
      await never();
    });
    await expect(failing).rejects.toThrow('stop');
    expect(await db.query('select * from undo')).toEqual([]);
  });
});

describe('copy', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},row ${i}\n`);

  it('writes and reads rows as streams', async () => {
    const db = open({ max: 2 });
    await db.query('create table copied (n int primary key, text text)');
    expect(await db.copyFrom('copy copied from stdin (format csv)', rows)).toBe(20_000);
    let text = '';
    for await (const chunk of db.copyTo(
      'copy (select * from copied order by n) to stdout (format csv)',
    ))
      text += chunk.toString();
    expect(text).toBe(rows.join(''));
  });

  it('keeps nothing when the source fails, and the pool stays whole', async () => {
    const db = open({ max: 1 });
    await db.query('create table partly (n int)');
    async function* source(): AsyncGenerator<string> {
      yield '1\n';
      await never();
    }
    await expect(db.copyFrom('copy partly from stdin', source())).rejects.toThrow('stop');
    expect(await db.query('select * from partly')).toEqual([]);
  });

  it('gives the line of a bad row, and can be left early', async () => {
    const db = open({ max: 1 });
    await db.query('create table strict (n int)');
    await expect(db.copyFrom('copy strict from stdin', ['1\n', 'x\n'])).rejects.toMatchObject({
      code: '22P02',
      where: expect.stringContaining('line 2') as string,
    });
    for await (const chunk of db.copyTo('copy (select generate_series(1, 1000000)) to stdout')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await db.query('select 1 one')).toEqual([{ one: 1 }]);
  });

  it('is undone with its transaction', async () => {
    const db = open();
    await db.query('create table undone (n int)');
    const failing = db.transaction(async (sql) => {
      expect(await sql.copyFrom('copy undone from stdin', ['1\n2\n'])).toBe(2);
      await never();
    });
    await expect(failing).rejects.toThrow('stop');
    expect(await db.query('select * from undone')).toEqual([]);
  });
});
