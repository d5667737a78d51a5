import 'reflect-metadata';
import { printSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobStore } from '../../src/job/job.store.js';
import { DAY_MS, manualClock } from '../../src/kernel/clock.js';
import { DEFAULT_RULES } from '../../src/quality/default-rules.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';
import { qualityGraph } from './quality-graph.js';

const clock = manualClock(new Date('2026-06-01T00:00:00Z'));
let database: TestDatabase;
let fixture: FeatureFixture;
let graph: ReturnType<typeof qualityGraph>;

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, clock);
  graph = qualityGraph(database.db, clock, fixture, []);
  await fixture.upsert(
    Array.from({ length: 30 }, (_, i) => ({
      externalId: `u${i}`,
      registeredAt: new Date(clock.wall().getTime() - DAY_MS),
      attributes: { age: 20 + i },
    })),
  );
});
afterAll(() => database.drop());

const create = `mutation ($input: CreateQualityRuleInput!) { createQualityRule(input: $input) {
  rule { id name table text severity enabled createdBy rule } userErrors { code message path } } }`;
const update = `mutation ($id: ID!, $input: UpdateQualityRuleInput!) { updateQualityRule(id: $id, input: $input) {
  rule { name text enabled } userErrors { code message path } } }`;
const remove = `mutation ($id: ID!) { deleteQualityRule(id: $id) { rule { name } userErrors { code path } } }`;
const present = (column: string) => ({ check: [{ of: { column }, op: 'present' }] });
const wish = (change: object) => ({
  input: { name: 'named', table: 'CUSTOMER', rule: present('name'), ...change },
});

describe('rules', () => {
  it('are seeded once, and never again', async () => {
    expect(await graph.seedRules()).toBe(DEFAULT_RULES.length);
    expect(await graph.seedRules()).toBe(0);
    const { data } = await graph.ask('{ qualityRules(table: TICKET) { name createdBy } }');
    expect(data.qualityRules).toEqual([
      { name: 'resolved_after_opened', createdBy: 'system' },
      { name: 'satisfaction_in_range', createdBy: 'system' },
    ]);
  });

  it.each([
    [{ name: 'No!' }, ['input', 'name'], 'INVALID'],
    [{ severity: 'OK' }, ['input', 'severity'], 'INVALID'],
    [{ description: 'x'.repeat(1001) }, ['input', 'description'], 'INVALID'],
    [{ rule: present('value') }, ['input', 'rule', 'check', '0', 'of', 'column'], 'INVALID'],
    [{ rule: { check: 'all' } }, ['input', 'rule', 'check'], 'INVALID'],
    [{ rule: { ...present('name'), note: 'x'.repeat(10_000) } }, ['input', 'rule'], 'TOO_LARGE'],
    [{ name: 'age_in_range' }, ['input', 'name'], 'CONFLICT'],
  ])('are refused: %#', async (change, path, code) => {
    const { data, errors } = await graph.ask(create, wish(change));
    expect(errors).toBeUndefined();
    const { rule, userErrors } = data.createQualityRule;
    expect(rule).toBeNull();
    expect(userErrors[0]).toMatchObject({ path, code });
    expect(userErrors[0].message).not.toBe('');
  });

  it('take a name once, also of two that ask for it at the same moment', async () => {
    const made = await Promise.all(
      ['one', 'two', 'three', 'four'].map((name) => graph.ask(create, wish({ name }))),
    );
    const ids = made.map(({ data }) => data.createQualityRule.rule.id as string);
    const renamed = await Promise.all(
      ids.map((id) => graph.ask(update, { id, input: { name: 'wanted' } })),
    );
    expect(renamed.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    const refused = renamed.flatMap(({ data }) => data.updateQualityRule.userErrors);
    expect(refused.map(({ code }: { code: string }) => code)).toEqual(Array(3).fill('CONFLICT'));
    for (const id of ids) await graph.ask(remove, { id });
  });

  it('live: created, changed, removed, each with its actor in the audit trail', async () => {
    const made = await graph.ask(create, wish({ severity: 'FAILED' }), 'OPERATOR');
    const { rule, userErrors } = made.data.createQualityRule;
    expect(userErrors).toEqual([]);
    expect(rule).toMatchObject({
      name: 'named',
      text: 'name present',
      severity: 'FAILED',
      enabled: true,
      createdBy: 'OPERATOR key',
      rule: { ...present('name'), tolerance: 0 },
    });
    const renamed = await graph.ask(update, { id: rule.id, input: { name: 'age_in_range' } });
    expect(renamed.data.updateQualityRule.userErrors[0]).toMatchObject({ code: 'CONFLICT' });
    const changed = await graph.ask(update, { id: rule.id, input: { enabled: false } });
    expect(changed.data.updateQualityRule.rule).toEqual({
      name: 'named',
      text: 'name present',
      enabled: false,
    });
    const gone = await graph.ask(remove, { id: rule.id });
    expect(gone.data.deleteQualityRule.rule).toEqual({ name: 'named' });
    for (const [document, variables] of [
      [remove, { id: rule.id }],
      [update, { id: rule.id, input: {} }],
    ] as const)
      expect(JSON.stringify((await graph.ask(document, variables)).data)).toContain('NOT_FOUND');
    expect(JSON.stringify((await graph.ask(remove, { id: 'User:1' })).data)).toContain('INVALID');
    const trail = await fixture.audit.bySubject(rule.id);
    expect(trail.map(({ action, actor }) => [action, actor])).toEqual([
      ['removed', 'ADMIN key'],
      ['changed', 'ADMIN key'],
      ['created', 'OPERATOR key'],
    ]);
  });

  it('may be read, but not written, by an analyst; a CRM key sees none of it', async () => {
    expect((await graph.ask(create, wish({}), 'ANALYST')).errors?.[0]?.message).toContain(
      'may not',
    );
    expect((await graph.ask('{ qualityRules { id } }', {}, 'ANALYST')).errors).toBeUndefined();
    for (const field of ['qualityRules { id }', 'dataQuality { rows }', 'eda { dataset }'])
      expect((await graph.ask(`{ ${field} }`, {}, 'CRM')).errors?.[0]?.message).toContain(
        'may not',
      );
  });
});

const report = `{ dataQuality { tables rows status duplicates timelinessSeconds scannedAt
  columns { name status optional missingShare } checks { name violations sampleIds status } } }`;

describe('the report', () => {
  it('does not outlast the request that asks for the first scan', async () => {
    const { errors } = await graph.ask(report, {}, 'ADMIN', AbortSignal.abort());
    expect(errors?.[0]?.message).toContain('first scan');
  });

  it('scans what was never scanned, one statement a table, and then answers from the scan', async () => {
    const bare = await testDatabase();
    try {
      const fresh = qualityGraph(bare.db, clock, featureFixture(bare.db, clock), []);
      const first = await fresh.ask(report);
      expect(first.errors).toBeUndefined();
      expect(first.data.dataQuality).toMatchObject({
        tables: ['CUSTOMER', 'EVENT', 'TICKET', 'DEVICE'],
        rows: 0,
        status: 'OK',
        timelinessSeconds: null,
      });
      // newest, rules, last scans; a look and a row for each table; newest
      expect(first.sql).toBe(3 + 2 * 4 + 1);
      expect((await fresh.ask(report)).sql).toBe(1);
      const both = await Promise.all([fresh.ask(report), fresh.ask(report)]);
      expect(both.map(({ sql }) => sql)).toEqual([1, 1]);
    } finally {
      await bare.drop();
    }
  });

  it('is about one table or all, with a series of days', async () => {
    const { data, errors, sql } = await graph.ask(
      `{ dataQuality(table: CUSTOMER) { tables rows status
           columns { name } series(days: 3) { day rows violations status missing { column } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(sql).toBeLessThanOrEqual(2 + 12);
    expect(data.dataQuality).toMatchObject({ tables: ['CUSTOMER'], rows: 30 });
    // nobody was active yet: a fixed column is missing for all
    expect(data.dataQuality.status).toBe('WARNING');
    expect(data.dataQuality.series).toMatchObject([
      { day: '2026-06-01T00:00:00.000Z', rows: 30, violations: 0, status: 'WARNING' },
    ]);
    expect(data.dataQuality.columns.map(({ name }: { name: string }) => name)).toContain(
      'customer.attributes.age',
    );
    for (const days of [0, 366])
      expect(
        (await graph.ask(`{ dataQuality { series(days: ${days}) { rows } } }`)).errors?.[0]
          ?.message,
      ).toBe(`days must be 1..365, got ${days}`);
  });

  it('asks for a scan as a job', async () => {
    const { data } = await graph.ask(
      'mutation { scanDataQuality(tables: [EVENT, EVENT]) { job { id } userErrors { code } } }',
    );
    expect(data.scanDataQuality.job.id).toContain('Job:');
    await graph.ask('mutation { scanDataQuality { job { id } } }', {}, 'OPERATOR');
    expect(graph.submitted).toEqual([
      { kind: 'QUALITY', input: { tables: ['EVENT'] }, createdBy: 'ADMIN key' },
      {
        kind: 'QUALITY',
        input: { tables: ['CUSTOMER', 'EVENT', 'TICKET', 'DEVICE'] },
        createdBy: 'OPERATOR key',
      },
    ]);
    const refused = await graph.ask('mutation { scanDataQuality { job { id } } }', {}, 'ANALYST');
    expect(refused.errors?.[0]?.message).toContain('job:run');
  });

  it('of a broken batch closes the gate and is told to subscribers; a good one opens it', async () => {
    const follow = async (argument: string) => {
      const stream = await graph.follow(
        `subscription { dataQualityChanged${argument} { status checks { name violations sampleIds } } }`,
      );
      if (!(Symbol.asyncIterator in stream)) throw new Error('no stream');
      return stream;
    };
    const warned = await follow('');
    const failed = await follow('(minStatus: FAILED)');
    const next = [warned.next(), failed.next()] as const;
    expect((await graph.gate(new AbortController().signal)).ok).toBe(true);
    clock.advance(1000);
    await fixture.upsert([{ externalId: 'broken', attributes: { age: -5 } }]);
    await graph.scan({ tables: ['CUSTOMER'], jobId: null, signal: new AbortController().signal });
    for (const message of await Promise.all(next)) {
      const told = JSON.stringify(message.value);
      expect(told).toContain('"status":"FAILED"');
      expect(told).toContain('"sampleIds":["User:');
    }
    const closed = await graph.gate(new AbortController().signal);
    expect(closed.ok).toBe(false);
    expect(closed.reasons[0]).toContain('customer: age_in_range is broken by 1 of 31 rows');
    clock.advance(1000);
    await fixture.upsert([{ externalId: 'broken', attributes: { age: 5 } }]);
    await graph.scan({ tables: ['CUSTOMER'], jobId: null, signal: new AbortController().signal });
    expect((await graph.gate(new AbortController().signal)).ok).toBe(true);
    await Promise.all([warned.return(), failed.return()]);
    expect(graph.bus.subscribers()).toBe(0);
  });

  it('behind an import whose scan still waits is seen by the gate itself, and told before it answers', async () => {
    const signal = new AbortController().signal;
    const jobs = jobStore(database.db, clock);
    await fixture.upsert([{ externalId: 'broken', attributes: { age: -5 } }]);
    expect((await graph.gate(signal)).ok).toBe(true);
    clock.advance(1000);
    const { id } = await jobs.create({ kind: 'QUALITY', input: {}, createdBy: 'import' });
    const stream = await graph.follow('subscription { dataQualityChanged { status } }');
    if (!(Symbol.asyncIterator in stream)) throw new Error('no stream');
    const next = stream.next();
    const closed = await graph.gate(signal);
    expect(closed.reasons[0]).toContain('customer: age_in_range');
    expect((await next).value).toMatchObject({
      data: { dataQualityChanged: { status: 'FAILED' } },
    });
    await stream.return();
    await jobs.cancel(id);
    clock.advance(1000);
    await fixture.upsert([{ externalId: 'broken', attributes: { age: 5 } }]);
    await graph.scan({ tables: ['CUSTOMER'], jobId: null, signal });
    expect((await graph.gate(signal)).ok).toBe(true);
  });
});

describe('a QUALITY job', () => {
  const job = (tables: string[], signal = new AbortController().signal) => ({
    id: '0197bbbb-bbbb-7bbb-bbbb-bbbbbbbbbbbb',
    attempt: 1,
    input: { tables },
    createdBy: 'test',
    signal,
    report: (progress: number, stage: string) => told.push([progress, stage]),
  });
  const told: [number, string][] = [];

  it('scans its tables, tells how far it is, and keeps its id with each scan', async () => {
    const result = await graph.work(job(['TICKET', 'DEVICE']));
    expect(result).toMatchObject({ status: 'OK', rows: 0 });
    expect(told).toEqual([
      [0, 'looking at ticket'],
      [0.5, 'looking at device'],
    ]);
    const kept = await database.db.query<{ id: string; table_name: string }>(
      'select id, table_name from quality_scan where job_id = $1 order by table_name',
      ['0197bbbb-bbbb-7bbb-bbbb-bbbbbbbbbbbb'],
    );
    expect(kept.map(({ table_name: name }) => name)).toEqual(['device', 'ticket']);
    expect(result.scanIds.sort()).toEqual(kept.map(({ id }) => id).sort());
  });

  it('refuses a table that is not there, and keeps nothing once it is stopped', async () => {
    await expect(graph.work(job(['WEATHER']))).rejects.toThrow();
    const [before] = await database.db.query('select count(*) from quality_scan');
    await expect(graph.work(job(['EVENT'], AbortSignal.abort()))).rejects.toThrow();
    expect((await database.db.query('select count(*) from quality_scan'))[0]).toEqual(before);
  });
});

describe('the schema', () => {
  it('holds the names of the contract', () => {
    const sdl = printSchema(graph.schema)
      .replaceAll(/"""[\s\S]*?"""\s*/g, '')
      .replaceAll(/\s+/g, ' ');
    for (const part of [
      'asOf: DateTime!',
      'rows: Int!',
      'columns: [ColumnQuality!]!',
      'checks: [QualityCheck!]!',
      'duplicates: Int!',
      'timelinessSeconds: Float',
      'status: QualityStatus!',
      'missingShare: Float!',
      'distinct: Int!',
      'outliers: Int!',
      'violations: Int!',
      'sampleIds: [ID!]!',
      'names: [String!]!',
      'values: [Float]!',
    ])
      expect(sdl, part).toContain(part);
  });
});
