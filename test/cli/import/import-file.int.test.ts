import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  prepareEvents,
  prepareOutcomes,
  prepareUsers,
  type ImportOptions,
} from '../../../src/cli/import/import-file.js';
import type { ImportResult } from '../../../src/cli/import/run-import.js';
import { rejectedRowStore } from '../../../src/job/rejected-row.store.js';
import { jobStore } from '../../../src/job/job.store.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { importDeps } from '../../support/import-deps.js';
import { sharedData } from '../../support/shared-data.js';

const clock = systemClock();
let test: TestDatabase;
let deps: ReturnType<typeof importDeps>;
let folder: string;

beforeAll(async () => {
  test = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-import-'));
});
afterAll(async () => {
  await test.drop();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await test.db.query(
    'truncate customer, event, event_key, feature, job, rejected_row, audit_entry restart identity cascade',
  );
  deps = importDeps(test.db, clock, folder);
});

function write(name: string, lines: readonly string[]): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, lines.join('\n'));
  return file;
}

async function events(options: ImportOptions): Promise<ImportResult> {
  return (await prepareEvents(options)).run(deps);
}

async function one<T>(sql: string): Promise<T> {
  const [row] = await test.db.query<{ value: T }>(`select ${sql} as value`);
  return row?.value as T;
}

const shop = [
  'order,customer,when,qty,price,country',
  'o1,17850,01/12/2010 08:26,6,2.55,United Kingdom',
  'o2,,01/12/2010 08:28,2,3.39,France',
  'o3,13047,soon,1,1.25,France',
  'o4,13047,01/12/2010 08:34,-1,1.65,France',
  'o5,"broken,01/12/2010 08:35,1,1.65,France',
  'o6,13047,01/12/2010 08:35,many,2.10,"United, Kingdom"',
  'o7,13047,01/12/2010 08:45,3,5.95,France',
  'o7,13047,01/12/2010 08:45,3,5.95,France',
  'o8,13047,01/12/2210 08:45,3,5.95,France',
  '',
];
const shopOptions = {
  user: 'customer',
  at: 'when',
  dateFormat: 'DD/MM/YYYY HH:mm',
  type: 'purchase',
  value: 'qty*price',
  id: 'order',
  source: 'shop',
  where: 'qty is empty or qty != -1',
  property: 'country,quantity=qty',
};

describe('importing events', () => {
  it('takes the good rows and gives every other line a reason', async () => {
    const file = write('shop.csv', shop);
    const result = await events({ file, ...shopOptions });
    expect(result).toMatchObject({ accepted: 2, duplicates: 1, rejected: 5, skipped: 1 });
    const rows = await rejectedRowStore(test.db).list(result.job, 10);
    expect(rows.map(({ line, message }) => [line, message])).toEqual([
      [3, 'the row has no user (customer is blank)'],
      [4, 'when: "soon" is no date of the form DD/MM/YYYY HH:mm'],
      [6, expect.stringContaining('reading went on at the next line')],
      [7, 'qty is "many", not a number'],
      [10, expect.stringMatching(/^at must not be after /)],
    ]);
    expect(rows[0]).toMatchObject({
      source: 'shop',
      code: 'INVALID',
      row: { order: 'o2', customer: '', country: 'France' },
    });
    const kept = fs
      .readFileSync(result.rejectedFile ?? '', 'utf8')
      .trim()
      .split('\n');
    expect(kept.map((text) => (JSON.parse(text) as { line: number }).line)).toEqual([
      3, 4, 6, 7, 10,
    ]);
    const [event] = await test.db.query(
      `select e.key, e.at, e.value, e.properties, c.external_id as user, t.name as type
       from event e join customer c on c.id = e.user_id join event_type t on t.id = e.type_id
       where e.key = 'o7'`,
    );
    expect(event).toEqual({
      key: 'o7',
      user: '13047',
      type: 'purchase',
      at: new Date('2010-12-01T08:45:00Z'),
      value: 3 * 5.95,
      properties: { country: 'France', quantity: 3 },
    });
  });

  it('leaves a job that has succeeded, with the counts', async () => {
    const result = await events({ file: write('job.csv', shop), ...shopOptions });
    const job = await jobStore(test.db, clock).get(result.job);
    expect(job).toMatchObject({
      kind: 'IMPORT',
      status: 'SUCCEEDED',
      createdBy: 'test',
      result: { accepted: 2, duplicates: 1, rejected: 5, skipped: 1 },
    });
  });

  it('writes nothing and starts no job when a column is unknown, and names all problems', async () => {
    const file = write('unknown.csv', shop);
    await expect(
      prepareEvents({ file, user: 'custmer', at: 'wen', type: 'Purchase!', value: 'qyt*price' }),
    ).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(
        /^4 problems:[^]*"customer"[^]*"when"[^]*--type must be[^]*"qty"/,
      ),
    });
    expect(await one('(select count(*)::int from job)')).toBe(0);
  });

  it('takes its mapping from a file, what the command line says going first', async () => {
    const map = write('map.json', [
      JSON.stringify({ ...shopOptions, source: 'other', property: { land: 'upper(country)' } }),
    ]);
    const file = write('mapped.csv', shop);
    expect(await events({ file, map, source: 'shop' })).toMatchObject({ accepted: 2 });
    expect(await one("(select properties from event where key = 'o7')")).toEqual({
      land: 'FRANCE',
    });
    expect(await one('(select array_agg(name) from event_source)')).toContain('shop');
    const bad = write('bad-map.json', ['{"usr":"customer","where":7}']);
    await expect(prepareEvents({ file, map: bad })).rejects.toThrow(/where:[^]*unknown key "usr"/);
  });

  it('keeps equal rows as events of their own, and changes nothing the second time', async () => {
    const file = write('twins.csv', [
      'u,at,v',
      'a,2020-01-01,5',
      'a,2020-01-01,5',
      'b,2020-01-01,5',
    ]);
    const options = { file, user: 'u', at: 'at', type: 'purchase', value: 'v' };
    expect(await events(options)).toMatchObject({ accepted: 3, duplicates: 0 });
    expect(await events(options)).toMatchObject({ accepted: 0, duplicates: 3 });
    const longer = write('twins.csv', [
      'u,at,v',
      'a,2020-01-01,5',
      'a,2020-01-01,5',
      'b,2020-01-01,5',
      'a,2020-01-01,5',
    ]);
    expect(await events({ ...options, file: longer })).toMatchObject({
      accepted: 1,
      duplicates: 3,
    });
  });

  it('gives up on a file of which nothing at all can be taken', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i},not a date`);
    const file = write('hopeless.csv', ['u,at', ...lines]);
    await expect(events({ file, user: 'u', at: 'at', type: 'x' })).rejects.toThrow(
      /all of the first \d+ rows were rejected.*"not a date" is no ISO date/,
    );
    expect(await one('(select status::text from job)')).toBe('FAILED');
  });

  it('stops when asked; what is in counts as duplicates the next time', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `u${i % 100},2020-01-01,${i}`);
    const file = write('long.csv', ['u,at,v', ...lines]);
    const options = { file, user: 'u', at: 'at', type: 'x', value: 'v' };
    const stop = new AbortController();
    const prepared = await prepareEvents(options);
    const stopped = prepared.run(deps, {
      signal: stop.signal,
      onProgress: ({ rows }) => {
        if (rows > 10_000) stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/stopped at line \d+; run the same command again/);
    const first = await one<number>('(select count(*)::int from event)');
    expect(first).toBeGreaterThan(0);
    expect(await events(options)).toMatchObject({ accepted: 60_000 - first, duplicates: first });
  });

  it('stores a rejected row that holds what PostgreSQL cannot, and says why', async () => {
    const file = write('nul.ndjson', [
      JSON.stringify({ u: 'a\u0000b\ud800', at: '2020-01-01' }),
      JSON.stringify({ u: 'c', at: '2020-01-01' }),
    ]);
    const result = await events({ file, user: 'u', at: 'at', type: 'x' });
    expect(result).toMatchObject({ accepted: 1, rejected: 1 });
    const [row] = await rejectedRowStore(test.db).list(result.job, 1);
    expect(row).toMatchObject({ line: 1, message: expect.stringMatching(/cannot be stored/) });
  });
});

describe('importing users', () => {
  const people = [
    'id,name,mail,since,age,zip,vip,plan,card,Churn',
    ...Array.from({ length: 30 }, (_, i) =>
      [
        `u${i}`,
        `N ${i}`,
        `n${i}@example.com`,
        '2020-01-02',
        i === 3 ? ' ' : 20 + (i % 7),
        `0${1000 + (i % 5)}`,
        i % 2 === 0,
        i % 3 ? 'basic' : 'gold',
        `card-${i}`,
        i % 4 ? 'No' : 'Yes',
      ].join(','),
    ),
  ];
  const options = {
    id: 'id',
    name: 'name',
    email: 'mail',
    registered: 'since',
    attribute: 'all',
    except: 'Churn',
  };

  it('keeps numbers numbers and a blank missing, and registers features but for identifiers and the label', async () => {
    const file = write('people.csv', people);
    const prepared = await prepareUsers({ file, ...options });
    const result = await prepared.run(deps);
    expect(result).toMatchObject({ accepted: 30, duplicates: 0, rejected: 0 });
    expect(result.features).toMatchObject({
      registered: ['age', 'zip', 'vip', 'plan'],
      skipped: [],
    });
    expect(prepared.notes).toContain('attributes are all columns but id, since, name, mail, Churn');
    expect(prepared.notes.join()).toMatch(/card becomes no feature: every row has its own value/);
    const rows = await test.db.query(
      `select external_id, name, email, registered_at, attributes from customer
       where external_id in ('u0', 'u3') order by 1`,
    );
    expect(rows).toEqual([
      {
        external_id: 'u0',
        name: 'N 0',
        email: 'n0@example.com',
        registered_at: new Date('2020-01-02'),
        attributes: { age: 20, zip: '01000', vip: true, plan: 'gold', card: 'card-0' },
      },
      expect.objectContaining({
        attributes: { zip: '01003', vip: false, plan: 'gold', card: 'card-3' },
      }),
    ]);
    const features = await test.db.query(
      'select name, type::text, status::text from feature order by name',
    );
    expect(features).toEqual([
      { name: 'age', type: 'NUMERICAL', status: 'APPROVED' },
      { name: 'plan', type: 'CATEGORICAL', status: 'APPROVED' },
      { name: 'vip', type: 'BOOLEAN', status: 'APPROVED' },
      { name: 'zip', type: 'CATEGORICAL', status: 'APPROVED' },
    ]);
  });

  it('changes nothing the second time', async () => {
    const file = write('people.csv', people);
    await (await prepareUsers({ file, ...options })).run(deps);
    const again = await (await prepareUsers({ file, ...options })).run(deps);
    expect(again).toMatchObject({ accepted: 0, duplicates: 30, rejected: 0 });
    expect(again.features?.registered).toEqual([]);
  });

  it('registers as DRAFT when told, and takes marks of missing values out of numbers', async () => {
    const file = write('marks.csv', [
      'id,n',
      ...Array.from({ length: 9 }, (_, i) => `m${i},${i === 4 ? 'NA' : i % 3}`),
    ]);
    const told = await prepareUsers({ file, id: 'id', attribute: 'n' });
    expect(told.notes.join()).toMatch(/n is numbers but for "NA" \(1 rows\).*--missing NA/);
    await (
      await prepareUsers({ file, id: 'id', attribute: 'n', missing: 'NA', draft: true })
    ).run(deps);
    expect(
      await one("(select jsonb_object_agg(name, type::text || ' ' || status::text) from feature)"),
    ).toEqual({
      n: 'NUMERICAL DRAFT',
    });
    expect(await one("(select attributes from customer where external_id = 'm4')")).toEqual({});
  });

  it('refuses an --except that names no column, so that a label cannot slip in by a typo', async () => {
    const file = write('people.csv', people);
    await expect(prepareUsers({ file, ...options, except: 'Chrun' })).rejects.toThrow(
      /--except: there is no column "Chrun"; did you mean "Churn"/,
    );
  });
});

describe('importing outcomes', () => {
  it('reads the label by an expression and the instant from the command line', async () => {
    const file = write('labels.csv', ['id,Churn', 'a,Yes', 'b,No', 'c,', ',Yes']);
    const prepared = await prepareOutcomes({
      file,
      user: 'id',
      model: 'churn',
      positive: 'Churn=Yes',
      at: '2020-01-01',
    });
    const result = await prepared.run(deps);
    expect(result).toMatchObject({ accepted: 2, rejected: 2 });
    expect(result.firstRejected.map(({ line, message }) => [line, message])).toEqual([
      [4, 'the row has no label (what Churn=Yes reads is blank)'],
      [5, 'the row has no user (id is blank)'],
    ]);
    expect(deps.outcomes[0]).toEqual({
      user: 'a',
      model: 'churn',
      positive: true,
      at: new Date('2020-01-01'),
      source: 'import',
    });
    expect(deps.outcomes[1]?.positive).toBe(false);
  });
  it('refuses a model that does not exist before it writes anything', async () => {
    const file = write('labels-of-nothing.csv', ['id,Churn', 'a,Yes']);
    const options = { file, user: 'id', model: 'chrun', positive: 'Churn=Yes', at: '2020-01-01' };
    const before = deps.outcomes.length;
    const jobs = await test.db.query('select id from job order by id');
    await expect((await prepareOutcomes(options)).run(deps)).rejects.toThrow(
      'no model is named chrun: --model takes churn',
    );
    expect(deps.outcomes.length).toBe(before);
    expect(await test.db.query('select id from job order by id')).toEqual(jobs);
  });
});

const cdnow = sharedData('cdnow.csv.gz');

describe.skipIf(cdnow === null)('CDNOW, 69,659 real purchases', () => {
  it('goes in whole, repeated rows included, and a second import changes nothing', async () => {
    const options = {
      file: cdnow ?? '',
      user: 'customer_id',
      at: 'date',
      type: 'purchase',
      value: 'amount',
      property: 'quantity',
    };
    expect(await events(options)).toMatchObject({
      accepted: 69_659,
      duplicates: 0,
      rejected: 0,
      skipped: 0,
    });
    const state = `(select md5(string_agg(e::text, ',' order by key)) from (select source_id, key, user_id, type_id, at, value, properties from event) e)`;
    const before = await one(state);
    expect(await events(options)).toMatchObject({ accepted: 0, duplicates: 69_659, rejected: 0 });
    expect(await one(state)).toBe(before);
    expect(await one('(select count(*)::int from customer)')).toBe(23_570);
    expect(await one('(select round(sum(value)::numeric, 2)::float8 from event)')).toBe(
      2_500_315.63,
    );
  });
});
