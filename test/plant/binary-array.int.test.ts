import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float64Array, stringArray } from '../../src/plant/binary-array.js';
import { numberArray, textArray } from '../../src/plant/parameters.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

async function echo(type: string, literal: string): Promise<Buffer | null> {
  const [row] = await database.db.query<{ bytes: Buffer | null }>(
    `select array_send($1::${type}) as bytes`,
    [literal],
  );
  return row?.bytes ?? null;
}

describe('arrays to Postgres and back', () => {
  it('keeps floats to the last bit, NULL becoming NaN', async () => {
    const values = [0, 1.5, 5e-324, -1.7976931348623157e308, 0.1, null, NaN, Infinity];
    const back = float64Array(await echo('float8[]', numberArray(values)));
    expect([...back]).toEqual([0, 1.5, 5e-324, -1.7976931348623157e308, 0.1, NaN, NaN, Infinity]);
  });

  it('keeps integers to 2^53, negative ones too', async () => {
    const values = [
      0,
      -1,
      4294967296,
      -4294967297,
      Number.MAX_SAFE_INTEGER,
      -Number.MAX_SAFE_INTEGER,
    ];
    expect([...float64Array(await echo('int8[]', numberArray(values)))]).toEqual(values);
  });

  it('keeps texts with quotes, backslashes, braces, commas, the word NULL and other scripts', async () => {
    const values = [
      '',
      'NULL',
      null,
      'a"b',
      'c\\d',
      '{e,f}',
      ' g ',
      '城市 🙂',
      "o'h; drop table event --",
    ];
    expect(stringArray(await echo('text[]', textArray(values)))).toEqual(values);
  });

  it('reads empty arrays and a NULL array as empty', async () => {
    expect(float64Array(await echo('float8[]', '{}'))).toHaveLength(0);
    expect(stringArray(await echo('text[]', '{}'))).toEqual([]);
    expect(float64Array(null)).toHaveLength(0);
  });

  it('refuses an array of another type', () => {
    expect(() =>
      float64Array(Buffer.from('000000010000000000000019000000010000000100000000', 'hex')),
    ).toThrow('array of type 25, wanted float8 or int8');
  });
});
