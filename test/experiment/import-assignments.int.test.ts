import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { prepareAssignments, type ImportOptions } from '../../src/cli/import/import-file.js';
import type { ImportResult } from '../../src/cli/import/run-import.js';
import { composeExperimentStores } from '../../src/compose-experiment-serving.js';
import type { Experiment } from '../../src/experiment/experiment.js';
import { importAssignments, refuseImport } from '../../src/experiment/import-assignments.js';
import { rejectedRowStore } from '../../src/job/rejected-row.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { importDeps } from '../support/import-deps.js';

const NOW = new Date('2026-04-01T12:00:00Z');
const clock = manualClock(NOW);
let test: TestDatabase;
let deps: ReturnType<typeof importDeps>;
let stores: ReturnType<typeof composeExperimentStores>;
let experiment: Experiment;
let folder: string;

beforeAll(async () => {
  test = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-import-'));
  stores = composeExperimentStores(test.db);
});
afterAll(async () => {
  await test.drop();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await test.db.query(
    `truncate customer, experiment, variant, assignment, feed_entry, audit_entry, job, rejected_row
     restart identity cascade`,
  );
  deps = importDeps(test.db, clock, folder);
  await deps.upsertUsers(['u1', 'u2', 'u3', 'u4', 'u5'].map((externalId) => ({ externalId })));
  const made = await stores.store.create({
    ...{ key: 'mail-test', hypothesis: 'Mail helps.', modelId: null, trafficShare: 1 },
    variants: ['No E-Mail', 'Mens E-Mail'].map((key, index) => ({
      ...{ key, weight: 1, control: index === 0, modelVersionId: null, payload: {} },
    })),
    ...{ holdoutShare: 0, primaryMetric: 'share:visit', guardrails: [], lowerIsBetter: [] },
    ...{ minimumUsers: 100, prePeriodDays: 0, createdAt: NOW, createdBy: 'test' },
    ...{ startsAt: new Date('2026-03-20T00:00:00Z'), endsAt: new Date('2026-05-01T00:00:00Z') },
  });
  if (!made) throw new Error('not made');
  experiment = made;
});

function write(name: string, lines: readonly string[]): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, lines.join('\n'));
  return file;
}
const mapping = { experiment: 'mail-test', user: 'customer', variant: 'segment', at: 'since' };
const run = async (options: ImportOptions): Promise<ImportResult> =>
  (await prepareAssignments(options)).run(deps);
const reasons = async ({ job }: ImportResult) =>
  (await rejectedRowStore(test.db).list(job, 20)).map(({ line, code, message }) => [
    line,
    code,
    message,
  ]);
const rows = () =>
  test.db.query(
    `select c.external_id as "user", a.variant_key as variant, a.source, a.exposures, a.assigned_at as at
     from assignment a join customer c on c.id = a.user_id order by c.id`,
  );

const HEADER = 'customer,segment,since';

describe('importing assignments', () => {
  it.each<[string, Record<string, string | undefined>, string]>([
    ['no experiment', { experiment: undefined }, '--experiment is needed'],
    ['no user', { user: undefined }, '--user is needed'],
    ['no arm', { variant: undefined }, '--variant is needed'],
    ['a column that is not there', { variant: 'segmnt' }, 'segmnt'],
    ['an instant that is none', { at: '2026-02-30' }, '--at'],
  ])('refuses a mapping with %s before anything is written', async (_, change, message) => {
    const file = write('arms.csv', [HEADER, 'u1,No E-Mail,2026-03-20']);
    await expect(prepareAssignments({ file, ...mapping, ...change })).rejects.toThrow(message);
    expect(await test.db.query('select 1 from job')).toEqual([]);
  });

  it('refuses an experiment that is not there or concluded, and leaves no job', async () => {
    const file = write('arms.csv', [HEADER, 'u1,No E-Mail,2026-03-20']);
    await expect(run({ file, ...mapping, experiment: 'mail' })).rejects.toThrow(
      'no experiment has the key mail: --experiment takes mail-test',
    );
    await test.db.query(`update experiment set status = 'CONCLUDED'`);
    await expect(run({ file, ...mapping })).rejects.toThrow('mail-test is CONCLUDED');
    expect(await test.db.query('select 1 from job')).toEqual([]);
  });

  it('refuses an experiment whose arms are versions of a model while the hash decides or did', async () => {
    await test.db.query(
      `with m as (insert into model (id, name, task, description, spec, created_at)
         values (gen_random_uuid(), 'm', 'BINARY_CLASSIFICATION', '', '{}', now()) returning id)
       update experiment set model_id = m.id from m`,
    );
    const file = write('arms.csv', [HEADER, 'u1,No E-Mail,2026-03-20']);
    const hash = 'the arms of experiment mail-test are versions of a model, and the hash decides';
    await expect(run({ file, ...mapping })).rejects.toThrow(
      `${hash} which of them answers: it can still be started until 2026-05-01T00:00:00.000Z`,
    );
    await test.db.query(`update experiment set status = 'RUNNING', started_at = $1`, [NOW]);
    await expect(run({ file, ...mapping })).rejects.toThrow('it was started at 2026-04-01T12:00');
    const past = new Date('2026-03-31T00:00:00Z');
    await test.db.query(`update experiment set status = 'STOPPED', ends_at = $1`, [past]);
    await expect(run({ file, ...mapping })).rejects.toThrow('no assignment can be imported');
    expect(await test.db.query('select 1 from job')).toEqual([]);
    const target = { ...experiment, modelId: 'm', startedAt: NOW };
    await expect(
      deps.importAssignments('mail-test', [{ user: 'u1', variant: 'No E-Mail', at: null }]),
    ).rejects.toThrow(hash);
    expect(refuseImport(target, NOW)).toContain(hash);
    // nobody can start it any more, and nobody did
    expect(refuseImport({ ...target, startedAt: null, endsAt: past }, NOW)).toBeNull();
  });

  it('takes the good rows, and gives every other line a reason', async () => {
    await test.db.query(`update customer set consent_profiling = false where external_id = 'u4'`);
    const file = write('arms.csv', [
      HEADER,
      'u1,No E-Mail,2026-03-20',
      'u2,Mens E-Mail,2026-03-21T10:00:00Z',
      'u1,No E-Mail,2026-03-22',
      'u1,Mens E-Mail,2026-03-20',
      'u2,,2026-03-20',
      ',Mens E-Mail,2026-03-20',
      'u3,Womens E-Mail,2026-03-20',
      'u3,Mens E-Mail,',
      'u3,Mens E-Mail,2026-04-02',
      'nobody,Mens E-Mail,2026-03-20',
      'u4,Mens E-Mail,2026-03-20',
      'u3,Mens E-Mail,1969-01-01',
    ]);
    const result = await run({ file, ...mapping });
    expect(result).toMatchObject({ accepted: 2, duplicates: 1, rejected: 9 });
    expect(await reasons(result)).toEqual([
      [
        5,
        'CONFLICT',
        'the customer is in variant No E-Mail of experiment mail-test already, got Mens E-Mail',
      ],
      [6, 'INVALID', 'the row has no variant (segment is blank)'],
      [7, 'INVALID', 'the row has no user (customer is blank)'],
      [
        8,
        'NOT_FOUND',
        'variant must be one of No E-Mail, Mens E-Mail of experiment mail-test, got "Womens E-Mail"',
      ],
      [9, 'INVALID', 'the row has no time (since is blank)'],
      [10, 'INVALID', expect.stringContaining('at must be 1970..2026-04-01T12:05:00.000Z')],
      [11, 'NOT_FOUND', 'no customer has the externalId nobody'],
      [12, 'FORBIDDEN', 'the customer does not agree to profiling, or was erased meanwhile'],
      [13, 'INVALID', expect.stringContaining('got 1969-01-01')],
    ]);
    expect(await rows()).toEqual([
      {
        user: 'u1',
        variant: 'No E-Mail',
        source: 'IMPORT',
        exposures: 1,
        at: new Date('2026-03-20'),
      },
      {
        user: 'u2',
        variant: 'Mens E-Mail',
        source: 'IMPORT',
        exposures: 1,
        at: new Date('2026-03-21T10:00:00Z'),
      },
    ]);
    const audit = await auditStore(test.db).bySubject(`Experiment:${experiment.id}`);
    expect(audit[0]).toMatchObject({ action: 'assignments imported', detail: { customers: 2 } });
  });

  it('changes nothing when the file comes again, nor tells anybody', async () => {
    const file = write('arms.csv', [
      HEADER,
      ...['u1', 'u2', 'u3'].map((user) => `${user},No E-Mail,2026-03-20`),
    ]);
    expect(await run({ file, ...mapping })).toMatchObject({ accepted: 3, duplicates: 0 });
    const before = [await rows(), await readFeed(test.db, 'experiment', 0, 10)];
    expect(await run({ file, ...mapping })).toMatchObject({
      accepted: 0,
      duplicates: 3,
      rejected: 0,
    });
    expect([await rows(), await readFeed(test.db, 'experiment', 0, 10)]).toEqual(before);
    expect(before[1]).toHaveLength(2);
  });

  it('takes one instant for all rows, or the start of the experiment', async () => {
    const file = write('arms.csv', [HEADER, 'u1,No E-Mail,']);
    await run({ file, ...mapping, at: '2026-03-25T06:00:00Z' });
    const other = write('more.csv', ['customer,segment', 'u2,No E-Mail']);
    const prepared = await prepareAssignments({ ...{ file: other, ...mapping }, at: undefined });
    expect(prepared.notes.join()).toContain('since the experiment started');
    await prepared.run(deps);
    expect(await rows()).toMatchObject([
      { at: new Date('2026-03-25T06:00:00Z') },
      { at: new Date('2026-03-20T00:00:00Z') },
    ]);
  });

  it('keeps an arm that the hash gave: the same is a duplicate, another a conflict', async () => {
    const ids = await test.db.query<{ id: number }>('select id from customer order by id limit 2');
    await stores.assignments.expose(
      ids.map(({ id: userId }) => ({
        experimentId: experiment.id,
        userId,
        variantKey: 'No E-Mail',
      })),
      NOW,
    );
    const file = write('arms.csv', [
      HEADER,
      'u1,No E-Mail,2026-03-20',
      'u2,Mens E-Mail,2026-03-20',
    ]);
    const result = await run({ file, ...mapping });
    expect(result).toMatchObject({ accepted: 0, duplicates: 1, rejected: 1 });
    expect(await rows()).toMatchObject([
      { source: 'HASH', at: NOW },
      { source: 'HASH', at: NOW },
    ]);
  });

  it('lets the first row of a customer stand in files of several batches', async () => {
    const many = Array.from({ length: 12_000 }, (_, i) => `c${i}`);
    await deps.upsertUsers(many.map((externalId) => ({ externalId })));
    const file = write('arms.csv', [
      ...['customer,segment', ...many.map((user) => `${user},No E-Mail`)],
      ...many.slice(0, 3).map((user) => `${user},Mens E-Mail`),
    ]);
    const result = await run({ ...{ file, ...mapping }, at: '2026-03-20' });
    expect(result).toMatchObject({ accepted: 12_000, rejected: 3 });
    expect(await stores.assignments.armCounts([experiment.id])).toEqual([
      { experimentId: experiment.id, variantKey: 'No E-Mail', users: 12_000, exposures: 12_000 },
    ]);
  });
});

describe('an erased customer', () => {
  it('is not put back by a row from before the erasure', async () => {
    const erasedAt = new Date('2026-03-25T00:00:00Z');
    const use = {
      ...{ importAssignments: stores.assignments.import, wall: () => NOW, now: () => NOW },
      userIds: () =>
        test.db
          .query<{ id: number }>('select id from customer')
          .then(([row]) => new Map([['u1', row?.id ?? 0]])),
      erasedBefore: () => Promise.resolve(new Map([['u1', erasedAt]])),
    };
    const row = (at: string) => ({ user: 'u1', variant: 'No E-Mail', at: new Date(at) });
    const before = await importAssignments(use, experiment, [row('2026-03-25T00:00:00Z')], 'test');
    expect(before.rejected).toMatchObject([
      { index: 0, code: 'FORBIDDEN', message: expect.stringContaining('was erased at') as string },
    ]);
    const after = await importAssignments(use, experiment, [row('2026-03-25T00:00:01Z')], 'test');
    expect(after).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
  });
});
