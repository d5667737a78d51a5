import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  arrayLength,
  eachElement,
  fieldsOfRows,
  float8At,
  instantAt,
  int8At,
} from '../../src/plant/binary-rows.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

async function copied(query: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of database.db.copyTo(`copy (${query}) to stdout (format binary)`))
    parts.push(part);
  return Buffer.concat(parts);
}

const elements = (
  bytes: Buffer,
  array: number,
  valueAt: (bytes: Buffer, at: number) => number,
): number[] => {
  const values: number[] = [];
  eachElement(bytes, array, (index, at) => void (values[index] = valueAt(bytes, at)));
  return values;
};

describe('copied rows of arrays', () => {
  it('come as they were: borders of each type, NULL, empty and missing arrays', async () => {
    const bytes = await copied(
      `values (1, array[9007199254740991, -4294967297, null]::int8[], array['2026-01-01 00:00:00.123Z', null]::timestamptz[], array[0.1, '-0', null]::float8[]),
       (2, '{}', null, array['NaN']::float8[])`,
    );
    const [first, second] = fieldsOfRows(bytes, 4).map((starts) => [...starts]);
    const [, ids = -1, instants = -1, numbers = -1] = first ?? [];
    expect(elements(bytes, ids, int8At)).toEqual([9007199254740991, -4294967297, NaN]);
    expect(elements(bytes, instants, instantAt)).toEqual([1767225600123, NaN]);
    expect(elements(bytes, numbers, float8At)).toEqual([0.1, -0, NaN]);
    const [, none = -1, missing = 0, one = -1] = second ?? [];
    expect([none, missing, one].map((at) => arrayLength(bytes, at))).toEqual([0, 0, 1]);
    expect(elements(bytes, none, int8At)).toEqual([]);
    expect(elements(bytes, missing, int8At)).toEqual([]);
  });

  it('are refused when they end early or hold other fields', async () => {
    const bytes = await copied('values (1, 2), (3, 4)');
    expect(fieldsOfRows(bytes, 2)).toHaveLength(2);
    expect(() => fieldsOfRows(bytes, 3)).toThrow('copied rows hold 2 fields, wanted 3');
    for (const cut of [2, 3, 8, 14])
      expect(() => fieldsOfRows(bytes.subarray(0, -cut), 2)).toThrow('copied rows end early');
  });
});
