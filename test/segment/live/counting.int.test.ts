import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Serving } from '../../../src/model/serving.js';
import type { Answer } from '../../support/graph.js';
import { sqlParameters } from '../../../src/plant/parameters.js';
import { segmentCondition } from '../../../src/segment/live/segment-filter.js';
import { churnSpec } from '../../support/demo-shop.js';
import {
  openSegmentLab,
  THREE,
  type SegmentLab,
  type SegmentProcess,
} from '../../support/segment-lab.js';

const MODEL = '01900000-0000-7000-8000-00000000000a';
const churn = { model: { id: MODEL, name: 'churn', spec: churnSpec() } };

let lab: SegmentLab;
let one: SegmentProcess;

beforeAll(async () => {
  lab = await openSegmentLab(700);
  const models = {
    current: (name: string) => (name === 'churn' ? churn : null),
  } as unknown as Pick<Serving, 'current'>;
  one = lab.process({ models });
  await lab.goLive(THREE);
  await one.ask('{ users(first: 1000) { nodes { segment { probability } } } }');
  // who was put into a segment and opted out later is counted nowhere
  await lab.database.db.query('update customer set consent_profiling = false where id % 10 = 3');
  await lab.database.db.query('update customer set registered_at = null where id % 17 = 5');
  await lab.database.db.query(
    `insert into segment_name (model_id, key, name, updated_at) values ($1, 'many', 'Regulars', now()), ($1, 'gone', 'Gone', now())`,
    [lab.modelId],
  );
  await lab.database.db.query(
    `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at, latency_ms, numeric)
     select c.id, $1, $1, ((c.id * (37 + k * 13)) % 101) / 101.0, 0.5, 'MODEL', now(), now(), 1, ''
     from customer c, generate_series(1, 2) k where c.id % 4 <> 0 order by k, c.id`,
    [MODEL],
  );
});
afterAll(() => lab.close());

/** Rows of SQL as a map from the key of the group to the count. */
const recount = async (dimensions: string, from = ''): Promise<Map<string, number>> => {
  const rows = await lab.database.db.query<{ key: (string | null)[]; count: number }>(
    `select array[${dimensions}]::text[] as key, count(*) as count from customer c ${from} group by 1`,
  );
  return new Map(rows.map(({ key, count }) => [JSON.stringify(key), count]));
};

const asMap = (groups: Answer[]): Map<string, number> =>
  new Map(groups.map(({ key, count }: Answer) => [JSON.stringify(key), count]));

const OPEN = `left join segment_membership m on m.user_id = c.id and m.until is null and c.consent_profiling`;
const NEWEST = `left join (select distinct on (user_id) user_id, probability from prediction order by user_id, id desc) p
  on p.user_id = c.id and c.consent_profiling`;
const BAND = `case when p.probability < ${churn.model.spec.riskBands.medium} then 'LOW'
  when p.probability < ${churn.model.spec.riskBands.high} then 'MEDIUM'
  when p.probability < ${churn.model.spec.riskBands.critical} then 'HIGH' when p.probability is not null then 'CRITICAL' end`;

describe('the distribution of a segmentation', () => {
  it('equals a recount by SQL, in one statement', async () => {
    const { data, errors, counts } = await one.ask(
      `{ liveSegmentation { distribution { total updatedAt diversity segments { key name count percent } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(counts.sql).toBe(1);
    const { total, updatedAt, diversity, segments } = data.liveSegmentation.distribution;
    const wanted = await recount('m.segment_key', OPEN);
    wanted.delete('[null]');
    expect(
      new Map(segments.map(({ key, count }: Answer) => [JSON.stringify([key]), count])),
    ).toEqual(wanted);
    const sum = [...wanted.values()].reduce((a, b) => a + b, 0);
    expect(total).toBe(sum);
    expect(sum).toBeLessThan(lab.users.length);
    const shares = [...wanted.values()].map((count) => count / sum);
    expect(diversity).toBeCloseTo(1 - shares.reduce((a, share) => a + share * share, 0), 12);
    expect(segments.map(({ key, name }: Answer) => [key, name])).toEqual([
      ['rare', 'rare'],
      ['some', 'some'],
      ['many', 'Regulars'],
    ]);
    expect(segments.reduce((a: number, { percent }: Answer) => a + Number(percent), 0)).toBeCloseTo(
      100,
      9,
    );
    const [newest] = await lab.database.db.query<{ at: Date }>(
      'select max(written_at) as at from segment_membership',
    );
    expect(updatedAt).toBe(newest?.at.toISOString());
  });
});

describe('the customers of a segment by its key', () => {
  const standing = async (key: string): Promise<number> => {
    const parameters = sqlParameters();
    const nothingLive = { current: () => null };
    const where = segmentCondition(nothingLive)(
      { modelId: lab.modelId, standing: key },
      parameters,
    );
    const [row] = await lab.database.db.query<{ n: number }>(
      `select count(*) as n from customer c where ${where}`,
      parameters.values,
    );
    return row?.n ?? NaN;
  };

  it('are found whatever version is live; none for a key that nobody has any more', async () => {
    const wanted = await recount('m.segment_key', OPEN);
    expect(wanted.get('["many"]')).toBeGreaterThan(0);
    expect(await standing('many')).toBe(wanted.get('["many"]'));
    expect(await standing('gone')).toBe(0);
  });

  it('cannot be asked for from outside', async () => {
    await expect(
      one.ask('{ users(filter: { segment: { standing: "many" } }) { totalCount } }'),
    ).rejects.toThrow('Field "standing" is not defined');
  });
});

describe('the filter by segment', () => {
  const ids = async (filter: object, page = 1000): Promise<number[]> => {
    const found: number[] = [];
    let after: string | null = null;
    do {
      const { data, errors } = await one.ask(
        `query ($filter: UserFilter, $first: Int, $after: String) { users(filter: $filter, first: $first, after: $after,
           orderBy: [{ by: LAST_ACTIVE_AT }]) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }`,
        { filter, first: page, after },
      );
      expect(errors).toBeUndefined();
      found.push(...data.users.nodes.map(({ id }: Answer) => Number(String(id).slice(5))));
      const { hasNextPage, endCursor } = data.users.pageInfo;
      after = hasNextPage ? endCursor : null;
      if (after === null) expect(data.users.totalCount).toBe(found.length);
    } while (after !== null);
    return found.sort((a, b) => a - b);
  };
  const bySql = async (where: string): Promise<number[]> =>
    (
      await lab.database.db.query<{ id: number }>(
        `select c.id from customer c ${OPEN} where ${where} order by c.id`,
      )
    ).map(({ id }) => id);

  it.each([
    ['one key', { segment: { keys: ['many'] } }, `m.segment_key = 'many'`],
    ['keys', { segment: { keys: ['rare', 'some'] } }, `m.segment_key in ('rare', 'some')`],
    ['a quadrant', { segment: { quadrant: ['KEEP'] } }, `m.segment_key = 'many'`],
    [
      'two quadrants',
      { segment: { quadrant: ['KEEP', 'WATCH'] } },
      `m.segment_key in ('many', 'rare')`,
    ],
    ['key and quadrant apart', { segment: { keys: ['rare'], quadrant: ['KEEP'] } }, 'false'],
    ['no key', { segment: { keys: [] } }, 'false'],
    ['any segment', { segment: {} }, 'm.segment_key is not null'],
    ['not', { not: { segment: { keys: ['rare'] } } }, `m.segment_key is distinct from 'rare'`],
    [
      'or',
      { or: [{ segment: { keys: ['rare'] } }, { segment: { keys: ['some'] } }] },
      `m.segment_key in ('rare', 'some')`,
    ],
  ])('%s: leaves whom SQL leaves, page by page', async (_, filter, where) => {
    expect(await ids(filter, 97)).toEqual(await bySql(where));
  });

  it.each([
    [
      { segment: { keys: ['lost'] } },
      'segment.keys: persona has no segment lost; it has rare, some, many',
    ],
    [
      { segment: { segmentation: 'colour' } },
      'segment.segmentation: no segmentation colour is live',
    ],
  ])('names the field of what is not known', async (filter, message) => {
    const { errors } = await one.ask(
      'query ($filter: UserFilter) { users(filter: $filter) { totalCount } }',
      { filter },
    );
    expect(errors?.[0]?.message).toBe(message);
  });
});

describe('userGroups', () => {
  const groups = (groupBy: object[], fields = 'key count', filter: object | null = null) =>
    one.ask(
      `query ($groupBy: [UserDimension!]!, $filter: UserFilter) { userGroups(groupBy: $groupBy, filter: $filter) { ${fields} } }`,
      { groupBy, filter },
    );

  it.each([
    [[{ kind: 'SEGMENT' }], 'm.segment_key', OPEN],
    [
      [{ kind: 'QUADRANT', name: 'persona' }],
      `case m.segment_key when 'many' then 'KEEP' when 'some' then 'RAISE_VALUE' when 'rare' then 'WATCH' end`,
      OPEN,
    ],
    [[{ kind: 'ATTRIBUTE', name: 'gender' }], `c.attributes ->> 'gender'`, ''],
    [[{ kind: 'COHORT_MONTH' }], `to_char(c.registered_at at time zone 'UTC', 'YYYY-MM')`, ''],
    [[{ kind: 'RISK' }], BAND, NEWEST],
    [
      [
        { kind: 'SEGMENT' },
        { kind: 'ATTRIBUTE', name: 'cityTier' },
        { kind: 'RISK', name: 'churn' },
        { kind: 'COHORT_MONTH' },
      ],
      `m.segment_key, c.attributes ->> 'cityTier', ${BAND}, to_char(c.registered_at at time zone 'UTC', 'YYYY-MM')`,
      `${OPEN} ${NEWEST}`,
    ],
  ])('%j: counts as SQL counts, in one statement', async (groupBy, dimensions, from) => {
    const { data, errors, counts } = await groups(groupBy);
    expect(errors).toBeUndefined();
    expect(counts.sql).toBe(1);
    expect(asMap(data.userGroups)).toEqual(await recount(dimensions, from));
    const sizes = data.userGroups.map(({ count }: Answer) => Number(count));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('counts only whom the filter leaves', async () => {
    const { data } = await groups([{ kind: 'ATTRIBUTE', name: 'gender' }], 'key count', {
      segment: { keys: ['many'] },
    });
    expect(asMap(data.userGroups)).toEqual(
      await recount(`c.attributes ->> 'gender'`, `${OPEN} where m.segment_key = 'many'`),
    );
  });

  it('summarises features and scores over the groups: one more statement each', async () => {
    await groups([{ kind: 'SEGMENT' }], 'count feature(name: "purchase_count") { count }'); // names of event types are read once
    const { data, errors, counts } = await groups(
      [{ kind: 'SEGMENT' }],
      `key count meanProbability bought: feature(name: "purchase_count") { count missing mean min median max }
       idle: feature(name: "days_since_last_activity") { count missing mean }`,
    );
    expect(errors).toBeUndefined();
    // the groups, the registry, two features, the scores
    expect(counts.sql).toBe(5);
    const wanted = await lab.database.db.query<{
      key: string | null;
      customers: number;
      mean: number | null;
      score: number | null;
      most: number | null;
    }>(
      `select m.segment_key as key, count(*) filter (where c.consent_profiling) as customers,
         avg(n.bought) filter (where c.consent_profiling)::float8 as mean, avg(p.probability) as score,
         max(n.bought) filter (where c.consent_profiling)::float8 as most
       from customer c ${OPEN} ${NEWEST} cross join lateral (
         select count(*) as bought from event e join event_type t on t.id = e.type_id
         where e.user_id = c.id and t.name = 'purchase') n
       group by 1`,
    );
    for (const { key, customers, mean, score, most } of wanted) {
      const group = data.userGroups.find((each: Answer) => each.key[0] === key);
      for (const { count, missing } of [group.bought, group.idle])
        expect(Number(count) + Number(missing)).toBe(customers);
      if (mean === null) expect(group.bought.mean).toBeNull();
      else expect(group.bought.mean).toBeCloseTo(mean, 9);
      expect(group.bought.max).toBe(most);
      if (score === null) expect(group.meanProbability).toBeNull();
      else expect(group.meanProbability).toBeCloseTo(score, 9);
    }
  });

  it.each([
    [[], 'groupBy must be 1..4 dimensions, got 0'],
    [Array(5).fill({ kind: 'SEGMENT' }), 'groupBy must be 1..4 dimensions, got 5'],
    [
      [{ kind: 'ASSIGNMENT' }],
      'groupBy.0: customers cannot be grouped by ASSIGNMENT: there are no experiments that customers could be assigned to',
    ],
    [[{ kind: 'ATTRIBUTE' }], 'groupBy.0: ATTRIBUTE needs the name of an attribute'],
    [
      [{ kind: 'COHORT_MONTH' }, { kind: 'SEGMENT', name: 'colour' }],
      'groupBy.1: no segmentation colour is live',
    ],
    [[{ kind: 'RISK', name: 'love' }], 'groupBy.0: no model named love is in production'],
    [[{ kind: 'COHORT_MONTH', name: 'x' }], 'groupBy.0: COHORT_MONTH takes no name, got x'],
  ])('%j is refused: %s', async (groupBy, message) => {
    const { errors } = await groups(groupBy);
    expect(errors?.[0]?.message).toBe(message);
  });

  it('refuses a feature that is no number, and a model that answers nothing', async () => {
    const text = await groups([{ kind: 'SEGMENT' }], 'feature(name: "gender") { mean }');
    expect(text.errors?.[0]?.message).toBe('feature gender is CATEGORICAL, not a number');
    const unknown = await groups([{ kind: 'SEGMENT' }], 'feature(name: "nothing") { mean }');
    expect(unknown.errors?.[0]?.message).toBe('no feature is registered as nothing');
    const model = await groups([{ kind: 'SEGMENT' }], 'meanProbability(model: "love")');
    expect(model.errors?.[0]?.message).toBe('no model named love is in production');
  });

  it('refuses more than 10,000 groups', async () => {
    await lab.database.db.query(
      `insert into customer (external_id, attributes, created_at, updated_at)
       select 'many-' || k, jsonb_build_object('own', k::text), now(), now() from generate_series(1, 10001) k`,
    );
    const { errors } = await groups([{ kind: 'ATTRIBUTE', name: 'own' }]);
    expect(errors?.[0]?.message).toBe(
      'groupBy must leave at most 10000 groups; group by fewer dimensions or filter more',
    );
    await lab.database.db.query(`delete from customer where external_id like 'many-%'`);
  });

  it('needs the right to list customers', async () => {
    const { errors } = await one.ask(
      '{ userGroups(groupBy: [{ kind: SEGMENT }]) { count } }',
      {},
      'CRM',
    );
    expect(errors?.[0]?.message).toBe('role CRM may not user:list');
  });
});
