import { afterAll, beforeAll, expect, it } from 'vitest';
import { sliceAttributes } from '../../src/model/slice-attributes.store.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

it('attributes come in the order of the customers asked for, as text, empty where unknown', async () => {
  await database.db.query(
    `insert into customer (id, external_id, attributes) values
       (1, 'a', '{"city": "Rome", "score": 1.5, "vip": true}'),
       (2, 'b', '{"city": null, "score": 7}'),
       (3, 'c', '{"name with ''quote''": "x"}')`,
  );
  const read = sliceAttributes(database.db);
  const names = ['city', 'score', 'vip', `name with 'quote'`];
  expect(await read([3, 9, 1, 2], names)).toEqual(
    new Map([
      ['city', ['', '', 'Rome', '']],
      ['score', ['', '', '1.5', '7']],
      ['vip', ['', '', 'true', '']],
      [`name with 'quote'`, ['x', '', '', '']],
    ]),
  );
  expect(await read([], ['city'])).toEqual(new Map([['city', []]]));
});
