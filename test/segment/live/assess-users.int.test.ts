import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeFeatureReading } from '../../../src/compose-models.js';
import { assessUsers, type AssessUsersDeps } from '../../../src/segment/live/assess-users.js';
import { membershipStore } from '../../../src/segment/live/membership.store.js';
import { byBorders, openSegmentLab, THREE, type SegmentLab } from '../../support/segment-lab.js';

let lab: SegmentLab;

beforeAll(async () => {
  lab = await openSegmentLab(1_000);
});
afterAll(() => lab.close());
beforeEach(async () => {
  await lab.database.db.query('truncate segment_membership');
  await lab.database.db.query('update customer set consent_profiling = true');
  await lab.goLive(THREE);
});

const rows = () =>
  lab.database.db.query<{ id: number; user: number; since: Date; until: Date | null }>(
    'select id, user_id as user, since, until from segment_membership order by id',
  );

function depsOf(change: Partial<AssessUsersDeps> = {}): AssessUsersDeps {
  return {
    readFeatures: composeFeatureReading(lab.database.db).read,
    assign: lab.assign,
    memberships: membershipStore(lab.database.db),
    publishMoves: () => undefined,
    clock: lab.clock,
    ...change,
  };
}

/** As if the graph of the live version had these borders. */
const always = (borders: readonly number[]): AssessUsersDeps =>
  depsOf({ assign: (_, table) => Promise.resolve(byBorders({ ...THREE, borders })(table)) });

/** What the live version says now, written. */
const assess = (users: readonly number[], deps = depsOf()) =>
  assessUsers(
    deps,
    { served: lab.live(), users, asOf: new Date(), live: true },
    new AbortController().signal,
  );

describe('a version that is not live any more', () => {
  it('writes no move, though a process still asks it', async () => {
    const old = lab.live();
    await assess(lab.users);
    await lab.goLive({ keys: ['most', 'rare'], borders: [0] });
    await assess(lab.users);
    const after = await rows();
    const { answers, moves } = await assessUsers(
      depsOf(),
      { served: old, users: lab.users, asOf: new Date(), live: true },
      new AbortController().signal,
    );
    expect(moves).toBe(0);
    expect(await rows()).toEqual(after);
    // it answers what the new one wrote
    expect(answers.every((answer) => answer?.key === 'rare' || answer?.key === 'most')).toBe(true);
  });
});

describe('the stay before', () => {
  it('is that of the version that had put the customer there, however many came since', async () => {
    const [user = 0] = lab.users;
    const versions = [lab.live().version.id];
    await assess([user], always([-1, 1e6]));
    for (const keys of [
      ['some', 'rare', 'many'],
      ['some', 'many', 'rare'],
      // the same key again: the stay goes on, and so does what came before it
      ['rare', 'many', 'some'],
    ]) {
      const served = await lab.goLive({ keys, borders: THREE.borders });
      versions.push(served.version.id);
      const assign = depsOf({
        assign: (_, table) => Promise.resolve(byBorders({ keys, borders: [-1, 1e6] })(table)),
      });
      await assess([user], assign);
    }
    const memberships = membershipStore(lab.database.db);
    const [open] = await memberships.openStays(lab.modelId, [user]);
    expect(open).toMatchObject({
      key: 'many',
      modelVersionId: versions[2],
      previous: { key: 'rare', modelVersionId: versions[1] },
    });
    const page = { userId: user, modelId: lab.modelId, asOf: null, first: 5, after: null };
    const [stays = []] = await memberships.pages([page]);
    expect(stays.map(({ key, previous }) => [key, previous])).toEqual([
      ['many', { key: 'rare', modelVersionId: versions[1] }],
      ['rare', { key: 'some', modelVersionId: versions[0] }],
      ['some', null],
    ]);
    // one ends where the next begins
    expect(stays.slice(1).map(({ until }) => until)).toEqual(
      stays.slice(0, -1).map(({ since }) => since),
    );
  });
});

describe('processes that assess the same customers at the same moment', () => {
  it('make each move once, without a deadlock', async () => {
    const told: number[] = [];
    const deps = depsOf({ publishMoves: (_, { ids }) => told.push(...ids) });
    const orders = Array.from({ length: 12 }, (_, k) => {
      const turned = [...lab.users.slice(k * 50), ...lab.users.slice(0, k * 50)];
      return k % 2 ? turned.reverse() : turned;
    });
    const firsts = await Promise.all(orders.map((users) => assess(users, deps)));
    expect(firsts.reduce((sum, { moves }) => sum + moves, 0)).toBe(1_000);
    await lab.goLive({ keys: ['some', 'many', 'rare'], borders: [2, 6] });
    const seconds = await Promise.all(orders.map((users) => assess(users, deps)));
    expect(seconds.reduce((sum, { moves }) => sum + moves, 0)).toBe(1_000);
    const written = await rows();
    expect(written).toHaveLength(2_000);
    expect(written.filter(({ until }) => until === null)).toHaveLength(1_000);
    expect([...told].sort((a, b) => a - b)).toEqual(written.map(({ id }) => id));
    // whoever lost answers what the winner wrote
    const sinceOf = new Map(
      written.flatMap(({ user, until, since }) => (until ? [] : [[user, since.getTime()]])),
    );
    for (const { answers } of seconds)
      for (const answer of answers)
        expect(answer?.since.getTime()).toBe(sinceOf.get(answer?.userId ?? 0));
  });

  it('never take a customer back to where an earlier instant saw them', async () => {
    const [user = 0] = lab.users;
    const earlier = new Date();
    await assess([user], always([1e6, 1e6]));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const move = await assess([user], always([-1, 1e6]));
    expect(move.answers[0]?.key).toBe('some');
    const late = await assessUsers(
      always([1e6, 1e6]),
      { served: lab.live(), users: [user], asOf: earlier, live: true },
      new AbortController().signal,
    );
    expect(late.moves).toBe(0);
    expect(late.answers[0]).toMatchObject({ key: 'some', since: move.answers[0]?.since });
    expect(await rows()).toHaveLength(2);
  });

  it('never take a customer back by features that are older than the stay', async () => {
    const [user = 0] = lab.users;
    const [rare, some] = [always([1e6, 1e6]), always([-1, 1e6])];
    await assess([user], rare);
    const asOf = new Date(Date.now() + 60_000);
    // the first look of a slow process reads what was, and the stay only after another process has moved the customer
    let looks = 0;
    let tell: (other: Promise<unknown>) => void = () => undefined;
    const moved = new Promise((resolve) => {
      tell = resolve;
    });
    const slow = depsOf({
      assign: (...asked) => {
        looks += 1;
        const says = looks === 1 ? rare : some;
        if (looks === 1) tell(assess([user], some));
        return says.assign(...asked);
      },
      memberships: {
        ...membershipStore(lab.database.db),
        openStays: async (...asked) => {
          await moved;
          return membershipStore(lab.database.db).openStays(...asked);
        },
      },
    });
    const { answers, moves } = await assessUsers(
      slow,
      { served: lab.live(), users: [user], asOf, live: true },
      new AbortController().signal,
    );
    expect(looks).toBe(2);
    expect(moves).toBe(0);
    const [stay] = await membershipStore(lab.database.db).openStays(lab.modelId, [user]);
    expect(stay).toMatchObject({ key: 'some' });
    expect(answers[0]).toMatchObject({ key: 'some', since: stay?.since });
    expect(await rows()).toHaveLength(2);
  });

  it('read the stays before the features that a move follows from', async () => {
    const [user = 0] = lab.users;
    await assess([user], always([1e6, 1e6]));
    const done: string[] = [];
    const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
      const rows = await work;
      done.push(what);
      return rows;
    };
    const { assign, readFeatures, memberships } = always([-1, 1e6]);
    const deps = depsOf({
      assign,
      readFeatures: (asked) => {
        done.push('asks features');
        return readFeatures(asked);
      },
      memberships: {
        ...memberships,
        openStays: (...asked) => told('has stays', memberships.openStays(...asked)),
        writeMoves: (...asked) => told('has written', memberships.writeMoves(...asked)),
      },
    });
    expect((await assess([user], deps)).moves).toBe(1);
    // both at once for the answer, then in order for the move
    expect(done).toEqual([
      'asks features',
      'has stays',
      'has stays',
      'asks features',
      'has written',
    ]);
    done.length = 0;
    expect((await assess([user], deps)).moves).toBe(0);
    expect(done).toEqual(['asks features', 'has stays']);
  });

  it('write nothing of who opts out, or is erased, between the reading and the writing', async () => {
    const [first = 0, second = 0, third = 0] = lab.users;
    const { db } = lab.database;
    const { answers, moves } = await assessUsers(
      depsOf({
        assign: async (_, table) => {
          await db.query('update customer set consent_profiling = false where id = $1', [first]);
          return byBorders(THREE)(table);
        },
      }),
      { served: lab.live(), users: [first, second, 999_999, third], asOf: new Date(), live: true },
      new AbortController().signal,
    );
    expect(moves).toBe(2);
    expect(answers.map((answer) => answer?.userId ?? null)).toEqual([null, second, null, third]);
    expect((await rows()).map(({ user }) => user)).toEqual([second, third]);
  });

  it('wait for an erasure that is under way, and then write nothing of the customer', async () => {
    const { db } = lab.database;
    const [gone] = await db.query<{ id: number }>(
      `insert into customer (external_id, attributes, created_at, updated_at) values ('goes', '{}', now(), now()) returning id`,
    );
    const users = [lab.users[0] ?? 0, gone?.id ?? 0];
    const state = { settled: false };
    const assessing = await db.transaction(async (sql) => {
      // as an erasure does it: src/privacy/erasure.store.ts
      await sql.query('lock table erasure in access exclusive mode');
      await sql.query('delete from customer where id = $1', [gone?.id]);
      const asked = assess(users).finally(() => (state.settled = true));
      for (let waiting = false; !waiting && !state.settled;) {
        const locks = await db.query(
          `select 1 from pg_locks where not granted and relation = 'erasure'::regclass`,
        );
        waiting = locks.length > 0;
      }
      return { asked };
    });
    const { answers, moves } = await assessing.asked;
    expect(moves).toBe(1);
    expect(answers.map((answer) => answer?.userId ?? null)).toEqual([users[0], null]);
    expect((await rows()).map(({ user }) => user)).toEqual([users[0]]);
  });

  it('tell of moves in messages of at most 300 ids', async () => {
    const sizes: number[] = [];
    await assessUsers(
      depsOf({ publishMoves: (_, { ids }) => sizes.push(ids.length) }),
      { served: lab.live(), users: lab.users, asOf: new Date(), live: true },
      new AbortController().signal,
    );
    expect(sizes).toEqual([300, 300, 300, 100]);
  });
});
