import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import type { StoredRule, TableScan } from '../../src/quality/quality.js';
import { qualityStore, type QualityStore } from '../../src/quality/quality.store.js';
import { readScan } from '../../src/quality/read-scan.js';
import { parseRule, type RuleInput } from '../../src/quality/rule.js';
import { QUALITY_TABLES, type QualityTable } from '../../src/quality/table.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { anyRule } from './any-rule.js';
import {
  attributesOf,
  before,
  customers,
  DAY,
  distinctDevices,
  events,
  NOW,
  plantEvents,
  plantRows,
  tickets,
  type Told,
} from './random-rows.js';
import {
  referenceColumn,
  referenceDuplicates,
  referenceOutliers,
  referencePsi,
  type Row,
} from './reference.js';

let database: TestDatabase;
let store: QualityStore;

beforeAll(async () => {
  database = await testDatabase();
  store = qualityStore(database.db, auditStore);
  await plantRows(database.db);
});
afterAll(() => database.drop());

function stored(table: QualityTable, name: string, rule: RuleInput): StoredRule {
  const parsed = parseRule(table, rule);
  if (!parsed.rule) throw new Error(JSON.stringify(parsed.errors));
  return {
    id: uuidv7(NOW),
    name,
    description: '',
    table,
    rule: parsed.rule,
    severity: 'FAILED',
    enabled: true,
    createdAt: NOW,
    createdBy: 'test',
  };
}

const FRESH = before(10);
async function look(
  table: QualityTable,
  rules: readonly StoredRule[] = [],
  sampleBits = 0,
): Promise<ReturnType<typeof readScan>> {
  const counts = zeroCounts();
  const raw = await withCounts(counts, () =>
    store.scan({ table, rules, asOf: NOW, now: NOW, freshSince: FRESH, sampleBits }),
  );
  expect(counts.sql).toBe(1);
  return readScan(table, rules, raw, sampleBits);
}
const found = (scan: Pick<TableScan, 'columns'>, name: string) =>
  scan.columns.find((column) => column.name === name);

describe('one statement over random rows', () => {
  it('counts columns and attributes of customers as the reference does', async () => {
    const scan = await look('CUSTOMER');
    expect(scan.rows).toBe(400);
    for (const name of ['externalId', 'name', 'email', 'registeredAt', 'lastActiveAt'])
      expect(found(scan, name), name).toMatchObject(referenceColumn(customers, name));
    for (const [name, dataType] of [
      ['age', 'number'],
      ['gender', 'text'],
      ['vip', 'boolean'],
      ['mixed', 'number or text'],
    ] as const) {
      const rows = attributesOf.map((attributes) => attributes as Row);
      expect(found(scan, `attributes.${name}`), name).toMatchObject({
        ...referenceColumn(rows, name),
        dataType,
        distinctMethod: 'EXACT',
      });
    }
    const ages = attributesOf.flatMap(({ age }) =>
      typeof age === 'number' ? [{ group: '', value: age }] : [],
    );
    expect(found(scan, 'attributes.age')).toMatchObject(referenceOutliers(ages));
    expect(referenceOutliers(ages).outliers).toBeGreaterThan(0);
    expect(scan.duplicates).toBe(
      referenceDuplicates(customers.map(({ email }) => email?.toLowerCase() ?? null)),
    );
  });

  it('tells sampling bias and shift of attributes', async () => {
    const scan = await look('CUSTOMER');
    const gender = scan.bias.find(({ attribute }) => attribute === 'gender');
    const withGender = customers.flatMap(({ lastActiveAt }, i) => {
      const value = attributesOf[i]?.['gender'];
      const active = lastActiveAt instanceof Date && lastActiveAt >= before(30);
      return typeof value === 'string' ? [{ value, active }] : [];
    });
    const share = (rows: typeof withGender): number =>
      rows.filter(({ value }) => value === 'f').length / rows.length;
    const female = gender?.categories.find(({ value }) => value === 'f');
    expect(female?.share).toBeCloseTo(share(withGender), 12);
    expect(female?.activeShare).toBeCloseTo(share(withGender.filter(({ active }) => active)), 12);
    expect(gender?.pValue).toBeGreaterThan(0.001);
    const ages = (from: number, until: number): number[] =>
      customers.flatMap(({ registeredAt }, i) => {
        const age = attributesOf[i]?.['age'];
        const inside =
          registeredAt instanceof Date &&
          registeredAt >= before(from) &&
          registeredAt < before(until);
        return inside && typeof age === 'number' ? [age] : [];
      });
    const shift = scan.shift.find(({ column }) => column === 'attributes.age');
    expect(shift?.psi).toBeCloseTo(referencePsi(ages(37, 7), ages(7, 0)), 9);
  });

  it('counts columns, outliers within their type, twins and sources of events', async () => {
    const scan = await look('EVENT');
    const rows = events.map(({ device, ...event }) => ({ ...event, deviceId: device })) as Row[];
    expect(scan.rows).toBe(events.length);
    for (const name of ['source', 'key', 'type', 'at', 'value', 'deviceId', 'receivedAt'])
      expect(found(scan, name), name).toMatchObject(referenceColumn(rows, name));
    const values = events.flatMap(({ type, value }) =>
      value === null ? [] : [{ group: type, value }],
    );
    expect(found(scan, 'value')).toMatchObject(referenceOutliers(values));
    const fact = ({ user, type, at }: Told): string => `${user} ${type} ${at.getTime()}`;
    expect(scan.duplicates).toBe(
      referenceDuplicates(events.map((event) => `${fact(event)} ${event.source} ${event.value}`)),
    );
    const byFact = new Map<string, Told[]>();
    for (const event of events)
      byFact.set(fact(event), [...(byFact.get(fact(event)) ?? []), event]);
    const two = [...byFact.values()].filter(
      (same) => new Set(same.map(({ source }) => source)).size > 1,
    );
    const agreed = two.filter((same) => new Set(same.map(({ value }) => value)).size === 1);
    expect(scan.crossSource).toEqual({ told: two.length, agreed: agreed.length });
    expect(agreed.length).toBeGreaterThan(0);
    expect(two.length).toBeGreaterThan(agreed.length);
    for (const { source, ...told } of scan.sources) {
      const own = events.filter((event) => event.source === source);
      const lags = own
        .filter(({ receivedAt }) => receivedAt >= FRESH)
        .map(({ receivedAt, at }) => (receivedAt.getTime() - at.getTime()) / 1000)
        .sort((a, b) => a - b);
      expect(told.rows).toBe(own.length);
      expect(told.received).toBe(lags.length);
      expect(told.maxLagSeconds).toBeCloseTo(lags.at(-1) ?? NaN, 6);
      const place = 0.99 * (lags.length - 1);
      const low = lags[Math.floor(place)] ?? NaN;
      const high = lags[Math.ceil(place)] ?? NaN;
      expect(told.p99LagSeconds).toBeCloseTo(low + (high - low) * (place % 1), 6);
    }
    const amounts = (from: number, until: number): number[] =>
      events.flatMap(({ type, at, value }) =>
        type === 'purchase' && value !== null && at >= before(from) && at < before(until)
          ? [value]
          : [],
      );
    const shift = scan.shift.find(({ column }) => column === 'value of purchase');
    expect(shift?.psi).toBeCloseTo(referencePsi(amounts(37, 7), amounts(7, 0)), 9);
  });

  it('counts tickets and devices', async () => {
    const scan = await look('TICKET');
    for (const name of ['source', 'key', 'text', 'satisfaction'])
      expect(found(scan, name), name).toMatchObject(referenceColumn(tickets as Row[], name));
    const rated = tickets.flatMap(({ satisfaction }) =>
      satisfaction === null ? [] : [{ group: '', value: satisfaction }],
    );
    expect(found(scan, 'satisfaction')).toMatchObject(referenceOutliers(rated));
    expect(scan.duplicates).toBe(
      referenceDuplicates(
        tickets.map(
          ({ user, issue, opened, text }) => `${user} ${issue} ${opened.getTime()} ${text}`,
        ),
      ),
    );
    const ofDevices = await look('DEVICE');
    expect(found(ofDevices, 'type')).toMatchObject(referenceColumn(distinctDevices, 'type'));
    expect(ofDevices.duplicates).toBe(
      referenceDuplicates(distinctDevices.map(({ key }) => key.trim().toLowerCase())),
    );
  });

  it('estimates distinct values from a sample, and counts the rest exactly', async () => {
    const exact = await look('EVENT');
    const sampled = await look('EVENT', [], 2);
    for (const column of sampled.columns) {
      const truth = found(exact, column.name);
      expect(column.distinctMethod).toBe('ESTIMATE');
      expect(column.missing, column.name).toBe(truth?.missing);
      const error = Math.abs(column.distinct - (truth?.distinct ?? 0));
      expect(error, column.name).toBeLessThanOrEqual(Math.max(2, 0.2 * (truth?.distinct ?? 0)));
    }
  });
});

describe('rules', () => {
  it('find planted faults, exactly those', async () => {
    const fault = (key: string, change: Partial<Told>): Told => ({
      source: 'shop',
      key,
      user: 500,
      type: 'purchase',
      at: before(2.5),
      value: 10,
      device: null,
      receivedAt: before(2),
      ...change,
    });
    await plantEvents(database.db, [
      fault('negative', { value: -1 }),
      fault('future', { at: new Date(NOW.getTime() + DAY), value: 3 }),
      fault('dumb', { value: null }),
      fault('long', { type: 'session_end', value: -0.5 }),
      fault('early', { receivedAt: before(3) }),
      fault('fine', { at: before(2.4) }),
      fault('quiet', { type: 'page_view', value: null, at: before(2.3) }),
    ]);
    await database.db.query(
      `insert into customer (external_id, email, attributes, registered_at, last_active_at)
       values ('f1', 'no at sign', '{"age": 20}', $1, $1), ('f2', 'f2@example.com', '{"age": -1}', $1, $1),
         ('f3', 'f3@example.com', '{"age": "old"}', $1, $2), ('f4', 'f3@example.com', '{"age": 131}', $1, $1)`,
      [before(1), before(2)],
    );
    const of = (column: string) => ({ column });
    const rules: [QualityTable, string, RuleInput][] = [
      [
        'EVENT',
        'amount',
        {
          when: [{ of: of('type'), op: 'eq', to: 'purchase' }],
          check: [{ of: of('value'), op: 'gte', to: 0 }],
        },
      ],
      [
        'EVENT',
        'future',
        { check: [{ of: of('at'), op: 'lte', to: { now: true, plusSeconds: 300 } }] },
      ],
      [
        'EVENT',
        'told',
        {
          when: [{ of: of('type'), op: 'in', values: ['purchase'] }],
          check: [{ of: of('value'), op: 'present' }],
        },
      ],
      [
        'EVENT',
        'seconds',
        {
          when: [{ of: of('type'), op: 'ne', to: 'purchase' }],
          check: [{ of: of('value'), op: 'gte', to: 0 }],
        },
      ],
      ['EVENT', 'order', { check: [{ of: of('at'), op: 'lte', to: of('receivedAt') }] }],
      ['CUSTOMER', 'email', { check: [{ of: of('email'), op: 'matches', form: 'email' }] }],
      [
        'CUSTOMER',
        'age',
        {
          when: [{ of: of('externalId'), op: 'in', values: ['f1', 'f2', 'f3', 'f4'] }],
          check: [
            { of: { attribute: 'age' }, op: 'gte', to: 0 },
            { of: { attribute: 'age' }, op: 'lte', to: 130 },
          ],
        },
      ],
      ['CUSTOMER', 'kind', { check: [{ of: { attribute: 'age' }, op: 'isA', kind: 'number' }] }],
      [
        'CUSTOMER',
        'active',
        {
          when: [
            {
              of: of('externalId'),
              op: 'notIn',
              values: customers.map((c) => c.externalId).slice(0, 100),
            },
            { of: of('externalId'), op: 'maxLength', length: 2 },
            { of: of('email'), op: 'present' },
            { of: of('name'), op: 'absent' },
          ],
          check: [{ of: of('registeredAt'), op: 'lte', to: of('lastActiveAt') }],
        },
      ],
      [
        'CUSTOMER',
        'twice',
        { unique: [of('email')], when: [{ of: of('email'), op: 'gt', to: 'f' }] },
      ],
    ];
    const broken = new Map<string, string[]>();
    const ids = await database.db.query<{ external_id: string; id: number }>(
      `select external_id, id from customer where external_id like 'f%'`,
    );
    const user = (key: string): string =>
      `User:${ids.find(({ external_id: each }) => each === key)?.id}`;
    for (const table of ['EVENT', 'CUSTOMER'] as const) {
      const own = rules.filter(([each]) => each === table).map((rule) => stored(...rule));
      const { checks, status } = await look(table, own);
      expect(status).toBe('FAILED');
      for (const { name, sampleIds, violations } of checks) {
        expect(violations, name).toBe(sampleIds.length);
        broken.set(name, sampleIds);
      }
    }
    expect(Object.fromEntries(broken)).toEqual({
      amount: ['Event:shop:negative'],
      future: ['Event:shop:future'],
      told: ['Event:shop:dumb'],
      seconds: ['Event:shop:long'],
      order: expect.arrayContaining(['Event:shop:early', 'Event:shop:future']) as string[],
      email: [user('f1')],
      age: [user('f2'), user('f4')],
      kind: [user('f3')],
      active: [user('f3')],
      twice: [user('f3'), user('f4')],
    });
    expect(broken.get('order')).toHaveLength(2);
  });

  it('list the first 20 of many, count all, and the fresh ones', async () => {
    const rule = stored('EVENT', 'shopless', {
      check: [{ of: { column: 'source' }, op: 'eq', to: 'crm' }],
      tolerance: 1,
    });
    const { checks } = await look('EVENT', [rule]);
    const shop = await database.db.query<{ id: string; fresh: boolean }>(
      `select 'Event:shop:' || e.key as id, e.received_at >= $1 as fresh from event e
       join event_source s on s.id = e.source_id where s.name = 'shop' order by e.at, e.key collate "C"`,
      [FRESH],
    );
    expect(checks[0]).toMatchObject({
      violations: shop.length,
      freshViolations: shop.filter(({ fresh }) => fresh).length,
      sampleIds: shop.slice(0, 20).map(({ id }) => id),
      status: 'WARNING',
    });
  });

  it('of every form that is let through run, many in one statement', async () => {
    const valid = new Map<QualityTable, StoredRule[]>(QUALITY_TABLES.map((table) => [table, []]));
    for (const { table, rule } of fc.sample(anyRule, { numRuns: 3000, seed: 3 })) {
      const parsed = parseRule(table, rule);
      const rules = valid.get(table) ?? [];
      if (parsed.rule && rules.length < 60)
        rules.push({ ...stored(table, `r${rules.length}`, parsed.rule) });
    }
    for (const [table, rules] of valid) {
      expect(rules.length, table).toBeGreaterThan(20);
      const { checks, rows } = await look(table, rules);
      expect(checks).toHaveLength(rules.length);
      for (const check of checks) {
        expect(check.violations).toBeLessThanOrEqual(check.rows);
        expect(check.rows).toBeLessThanOrEqual(rows);
        expect(check.sampleIds).toHaveLength(Math.min(20, check.violations));
      }
    }
  });
});
