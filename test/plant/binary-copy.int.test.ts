import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { binaryCopy, sameInEveryRow, type CopyColumn } from '../../src/plant/binary-copy.js';
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

  it('with bytes, texts of a width and ids a row, beside fields that are the same in every row', async () => {
    await database.db.query(
      'create table wide (a int8, k uuid, b bytea, t text[], u uuid, p float8, none uuid)',
    );
    const ids = ['01900000-0000-7000-8000-00000000000a', null];
    const same = '01900000-0000-7000-8000-00000000000b';
    const rows = await database.db.copyFrom(
      'copy wide from stdin (format binary)',
      binaryCopy([
        { type: 'int8', values: [1, 2] },
        { type: 'uuid', values: ids },
        { type: 'bytea', values: Buffer.from([1, 2, 3, 4]), width: 2 },
        { type: 'text[]', values: ['a', '', '订 "単"', 'NULL'], width: 2 },
        sameInEveryRow([
          { type: 'uuid', values: [same] },
          { type: 'float8', values: [0.25] },
          { type: 'uuid', values: [null] },
        ]),
      ]),
    );
    expect(rows).toBe(2);
    const rest = { u: same, p: 0.25, none: null };
    expect(await database.db.query('select * from wide order by a')).toEqual([
      { a: 1, k: ids[0], b: Buffer.from([1, 2]), t: ['a', ''], ...rest },
      { a: 2, k: null, b: Buffer.from([3, 4]), t: ['订 "単"', 'NULL'], ...rest },
    ]);
  });

  it('with no bytes and no texts a row as empty values, which are not NULL', async () => {
    await database.db.query('create table hollow (a int8, b bytea, t text[])');
    await database.db.copyFrom(
      'copy hollow from stdin (format binary)',
      binaryCopy([
        { type: 'int8', values: [1] },
        { type: 'bytea', values: Buffer.alloc(0), width: 0 },
        { type: 'text[]', values: [], width: 0 },
      ]),
    );
    expect(await database.db.query('select *, array_ndims(t) as n from hollow')).toEqual([
      { a: 1, b: Buffer.alloc(0), t: [], n: null },
    ]);
  });
});
