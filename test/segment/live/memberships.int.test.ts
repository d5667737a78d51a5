import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openSegmentLab,
  THREE,
  type SegmentLab,
  type SegmentProcess,
} from '../../support/segment-lab.js';
import type { Answer } from '../../support/graph.js';

let lab: SegmentLab;
let one: SegmentProcess;

beforeAll(async () => {
  lab = await openSegmentLab(1_000);
  one = lab.process();
});
afterAll(() => lab.close());
beforeEach(async () => {
  await lab.database.db.query('truncate segment_membership');
  await lab.database.db.query('update customer set consent_profiling = true');
  await lab.goLive(THREE);
});

const ALL = `query ($first: Int!) { users(first: $first) { nodes {
  id segment { probability distance since segment { key } previous { key } reasons(first: 1) { feature number contribution }
    history(first: 3) { nodes { key since until segment { key } } pageInfo { hasNextPage } } } } } }`;

const rows = () =>
  lab.database.db.query<{
    id: number;
    user: number;
    key: string;
    previous: string | null;
    version: string;
    since: Date;
    until: Date | null;
  }>(
    `select id, user_id as user, segment_key as key, previous_key as previous, model_version_id as version, since, until
     from segment_membership order by id`,
  );

/** The key that the number of purchases gives, counted by SQL. */
const keysBySql = async (): Promise<Map<number, string>> => {
  const counted = await lab.database.db.query<{ id: number; n: number }>(
    `select c.id, count(e.user_id) filter (where t.name = 'purchase') as n
     from customer c left join event e on e.user_id = c.id left join event_type t on t.id = e.type_id group by c.id`,
  );
  return new Map(
    counted.map(({ id, n }) => [
      id,
      THREE.keys[THREE.borders.filter((border) => n >= border).length] ?? '',
    ]),
  );
};

let events = 0;
const purchase = (process: SegmentProcess, userId: number, times = 1) =>
  lab.database.db
    .query<{ key: string }>('select external_id as key from customer where id = $1', [userId])
    .then(([row]) =>
      process.recordEvents(
        Array.from({ length: times }, () => ({
          id: `bought-${(events += 1)}`,
          user: row?.key ?? '',
          type: 'purchase',
          at: new Date(Date.now() - 1_000),
          value: 1,
          source: 'test',
          properties: {},
        })),
      ),
    );

/** Somebody of a segment. */
const someoneIn = async (key: string): Promise<number> => {
  const found = [...(await keysBySql())].find(([, own]) => own === key);
  if (!found) throw new Error(`nobody is in ${key}`);
  return found[0];
};

describe('User.segment', () => {
  it('costs the same statements and one run of the graph for 1, 100 and 1,000 customers', async () => {
    await one.ask(ALL, { first: 1_000 });
    const counts = [];
    for (const first of [1, 100, 1_000]) {
      const { data, errors, counts: own } = await one.ask(ALL, { first });
      expect(errors).toBeUndefined();
      expect(data.users.nodes).toHaveLength(first);
      counts.push(own);
    }
    expect(counts.map(({ onnxRuns }) => onnxRuns)).toEqual([1, 1, 1]);
    expect(counts.map(({ onnxRows }) => onnxRows)).toEqual([1, 100, 1_000]);
    expect(new Set(counts.map(({ sql }) => sql)).size).toBe(1);
    // the page, the stays, the features, the histories
    expect(counts[0]?.sql).toBe(4);
  });

  it('says what the features say, and writes one open stay a customer', async () => {
    const before = Date.now();
    const { data } = await one.ask(ALL, { first: 1_000 });
    const wanted = await keysBySql();
    const nodes: Answer[] = data.users.nodes;
    for (const { id, segment } of nodes) {
      expect(segment.segment.key).toBe(wanted.get(Number(String(id).slice(5))));
      expect(segment).toMatchObject({ probability: 0.8, distance: 0.5, previous: null });
      expect(Date.parse(segment.since)).toBeGreaterThanOrEqual(before);
      expect(segment.history.nodes).toHaveLength(1);
      expect(segment.reasons[0]).toMatchObject({ feature: 'purchase_count', contribution: 1 });
    }
    expect(new Set(wanted.values()).size).toBe(3);
    const written = await rows();
    expect(written).toHaveLength(1_000);
    expect(written.every(({ until }) => until === null)).toBe(true);
    await one.ask(ALL, { first: 1_000 });
    expect(await rows()).toEqual(written);
  });

  it('is null for who opted out, writes nothing of them, and comes back with the consent', async () => {
    const [user = 0] = lab.users;
    const ask = `{ user(id: "User:${user}") { segment { segment { key } since } } }`;
    await lab.database.db.query('update customer set consent_profiling = false where id = $1', [
      user,
    ]);
    expect((await one.ask(ask)).data.user.segment).toBeNull();
    expect(await rows()).toEqual([]);
    await lab.database.db.query('update customer set consent_profiling = true');
    expect((await one.ask(ask)).data.user.segment.segment.key).toBe((await keysBySql()).get(user));
  });

  it('names an unknown segmentation, and is null while a known one has no live version', async () => {
    const unknown = await one.ask(
      '{ users(first: 2) { nodes { segment(segmentation: "colour") { probability } } } }',
    );
    expect(unknown.errors?.[0]?.message).toBe('no segmentation has the key colour');
    const { serving } = lab;
    const current = serving.current;
    serving.current = () => null;
    const none = await one.ask('{ users(first: 2) { nodes { segment { probability } } } }');
    serving.current = current;
    expect(none.errors).toBeUndefined();
    expect(none.data.users.nodes).toEqual([{ segment: null }, { segment: null }]);
  });

  it('may be asked by CRM about one customer', async () => {
    const { errors } = await one.ask(
      `{ user(id: "User:${lab.users[0]}") { segment { segment { key } } } }`,
      {},
      'CRM',
    );
    expect(errors).toBeUndefined();
  });
});

describe('a customer who crosses a border', () => {
  it('is moved when asked: the stay ends, the next begins, and both are in the history', async () => {
    const user = await someoneIn('rare');
    const ask = `{ user(id: "User:${user}") { segment { since segment { key } previous { key }
      history { nodes { key since until } } } } }`;
    const { data: before } = await one.ask(ask);
    expect(before.user.segment.segment.key).toBe('rare');
    await purchase(one, user, 3);
    await one.live.idle();
    const { data: after, counts } = await one.ask(ask);
    const { segment } = after.user;
    expect(segment).toMatchObject({ segment: { key: 'some' }, previous: { key: 'rare' } });
    expect(segment.history.nodes).toEqual([
      { key: 'some', since: segment.since, until: null },
      { key: 'rare', since: before.user.segment.since, until: segment.since },
    ]);
    // moved in the background already: nothing is written by this question
    expect(counts.sql).toBe(4);
    expect(await rows()).toHaveLength(2);
  });

  it('is moved right after the event, without being asked about, and only once', async () => {
    const user = await someoneIn('some');
    await one.ask(`{ user(id: "User:${user}") { segment { probability } } }`);
    await Promise.all([purchase(one, user, 4), purchase(one, user, 4), purchase(one, user, 1)]);
    await one.live.idle();
    expect((await rows()).map(({ key, previous }) => [key, previous])).toEqual([
      ['some', null],
      ['many', 'some'],
    ]);
  });

  it('is answered as of an instant before with the segment of then, and nothing is written', async () => {
    const user = await someoneIn('rare');
    await one.ask(`{ user(id: "User:${user}") { segment { probability } } }`);
    const between = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [key] = await lab.database.db.query<{ key: string }>(
      'select external_id as key from customer where id = $1',
      [user],
    );
    await one.recordEvents(
      Array.from({ length: 9 }, (_, i) => ({
        id: `later-${i}`,
        user: key?.key ?? '',
        type: 'purchase',
        at: new Date(between.getTime() + 1),
        value: 1,
        source: 'test',
        properties: {},
      })),
    );
    await one.live.idle();
    const { data } = await one.ask(
      `query ($then: DateTime!, $long: DateTime!) { user(id: "User:${user}") {
        now: segment { segment { key } since previous { key } }
        then: segment(asOf: $then) { segment { key } since previous { key } history { nodes { key } } }
        long: segment(asOf: $long) { segment { key } since previous { key } history { nodes { key } } } } }`,
      { then: between.toISOString(), long: '2020-01-01T00:00:00.000Z' },
    );
    const written = await rows();
    expect(written).toHaveLength(2);
    expect(data.user.now).toMatchObject({ segment: { key: 'many' }, previous: { key: 'rare' } });
    expect(data.user.then).toEqual({
      segment: { key: 'rare' },
      since: written[0]?.since.toISOString(),
      previous: null,
      history: { nodes: [{ key: 'rare' }] },
    });
    // no stay of then is known: it begins with the question
    expect(data.user.long).toEqual({
      segment: { key: 'rare' },
      since: '2020-01-01T00:00:00.000Z',
      previous: null,
      history: { nodes: [] },
    });
  });

  it('pages through the history with a cursor', async () => {
    const user = await someoneIn('rare');
    for (let k = 0; k < 4; k += 1) {
      await lab.goLive({ keys: k % 2 ? ['rare', 'some'] : ['some', 'rare'], borders: [1e6] });
      await one.ask(`{ user(id: "User:${user}") { segment { probability } } }`);
    }
    const page = (after: string | null) =>
      one.ask(
        `query ($after: String) { user(id: "User:${user}") { segment { history(first: 3, after: $after) {
          nodes { key } pageInfo { hasNextPage endCursor } } } } }`,
        { after },
      );
    const { data: first } = await page(null);
    const history = first.user.segment.history;
    expect(history.nodes.map(({ key }: Answer) => key)).toEqual(['rare', 'some', 'rare']);
    expect(history.pageInfo.hasNextPage).toBe(true);
    const { data: second } = await page(history.pageInfo.endCursor);
    expect(second.user.segment.history.nodes).toEqual([{ key: 'some' }]);
    expect(second.user.segment.history.pageInfo.hasNextPage).toBe(false);
  });
});

describe('a new version', () => {
  it('leaves the stay as it is where the key is the same, and moves the others', async () => {
    await one.ask(ALL, { first: 1_000 });
    const before = await rows();
    const wanted = await keysBySql();
    await lab.goLive({ keys: ['rare', 'some', 'most'], borders: [2, 6] });
    const { data } = await one.ask(ALL, { first: 1_000 });
    const after = await rows();
    const many = [...wanted.values()].filter((key) => key === 'many').length;
    expect(many).toBeGreaterThan(0);
    expect(after).toHaveLength(1_000 + many);
    for (const { id, segment } of data.users.nodes) {
      const user = Number(String(id).slice(5));
      const old = before.find((row) => row.user === user);
      if (wanted.get(user) === 'many')
        expect(segment).toMatchObject({ segment: { key: 'most' }, previous: { key: 'many' } });
      else expect(segment.since).toBe(old?.since.toISOString());
    }
  });
});
