import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { binaryCopy, type CopyColumn } from '../../src/plant/binary-copy.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await database.db.query(
    'create table copied (a int2, b int8, c float8, d text, e jsonb, f timestamptz(3))',
  );
});
afterAll(() => database.drop());
beforeEach(() => database.db.query('truncate copied'));

async function copy(columns: CopyColumn[]): Promise<number> {
  return database.db.copyFrom('copy copied from stdin (format binary)', binaryCopy(columns));
}

describe('rows as binary COPY data', () => {
  it('arrive as they were: borders of each type, NULL, other scripts, instants before 2000', async () => {
    const rows = await copy([
      { type: 'int2', values: [-32768, 32767, 0] },
      { type: 'int8', values: [Number.MAX_SAFE_INTEGER, -4294967297, -1] },
      { type: 'float8', values: [0.1, null, -1.7976931348623157e308] },
      { type: 'text', values: ['订单 ü 😀', null, ''] },
      { type: 'jsonb', values: ['{"a":"\\"ü\\" \\\\"}', null, '[1,null]'] },
      { type: 'timestamptz', values: [0, 1767225600123, 946684799999] },
    ]);
    expect(rows).toBe(3);
    expect(await database.db.query('select * from copied order by b desc')).toEqual([
      {
        a: -32768,
        b: Number.MAX_SAFE_INTEGER,
        c: 0.1,
        d: '订单 ü 😀',
        e: { a: '"ü" \\' },
        f: new Date(0),
      },
      { a: 0, b: -1, c: -1.7976931348623157e308, d: '', e: [1, null], f: new Date(946684799999) },
      { a: 32767, b: -4294967297, c: null, d: null, e: null, f: new Date(1767225600123) },
    ]);
  });

  it('cross the borders of chunks, also with a text larger than a chunk', async () => {
    const count = 30_000;
    const texts = Array.from({ length: count }, (_, i) =>
      i === 20_000 ? 'ä'.repeat(400_000) : `t${i}`,
    );
    const numbers = texts.map((_, i) => i);
    const zeros = new Float64Array(count);
    await copy([
      { type: 'int2', values: zeros },
      { type: 'int8', values: numbers },
      { type: 'float8', values: zeros },
      { type: 'text', values: texts },
      { type: 'jsonb', values: texts.map(() => null) },
      { type: 'timestamptz', values: zeros },
    ]);
    const [row] = await database.db.query(
      `select count(*), sum(b) as sum, max(length(d)) as longest,
         count(*) filter (where d = 't' || b) as equal from copied`,
    );
    expect(row).toEqual({
      count,
      sum: String((count * (count - 1)) / 2),
      longest: 400_000,
      equal: count - 1,
    });
  });

  it('are none when the columns are empty', async () => {
    expect(await copy([])).toBe(0);
  });
});
