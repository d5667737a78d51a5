import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeMemberships } from '../../../src/compose-memberships.js';
import { composeFeatureReading } from '../../../src/compose-models.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import type { RunningJob } from '../../../src/job/run-job.js';
import {
  assignEveryone,
  type AssignEveryoneDeps,
} from '../../../src/segment/live/assign-everyone.js';
import { membershipStore } from '../../../src/segment/live/membership.store.js';
import {
  MAX_REPLAYED_STAYS,
  replayMemberships,
} from '../../../src/segment/live/replay-memberships.js';
import { byBorders, openSegmentLab, THREE, type SegmentLab } from '../../support/segment-lab.js';

let lab: SegmentLab;
const CUSTOMERS = 600;

beforeAll(async () => {
  lab = await openSegmentLab(CUSTOMERS);
});
afterAll(() => lab.close());
beforeEach(async () => {
  await lab.database.db.query('truncate segment_membership');
  await lab.goLive(THREE);
});

function depsOf(change: Partial<AssignEveryoneDeps> = {}): AssignEveryoneDeps {
  const { db } = lab.database;
  const { read, readStretch } = composeFeatureReading(db);
  return {
    ...composeMemberships({
      db,
      clock: lab.clock,
      announce: () => undefined,
      readFeatures: read,
      assign: (_, table) => Promise.resolve(byBorders(THREE)(table)),
    }),
    readStretch,
    serving: lab.serving,
    ...change,
  };
}

function jobOf(change: Partial<RunningJob> = {}): RunningJob & { told: [number, string][] } {
  const told: [number, string][] = [];
  return {
    id: '01900000-0000-7000-8000-0000000000aa',
    attempt: 1,
    input: { kind: 'ASSIGN', key: 'persona', asOf: lab.clock.now().toISOString() },
    createdBy: 'test',
    signal: new AbortController().signal,
    report: (progress, stage) => told.push([progress, stage]),
    told,
    ...change,
  };
}

const openRows = async () =>
  (
    await lab.database.db.query<{ count: number }>(
      'select count(*) as count from segment_membership where until is null',
    )
  )[0]?.count;

describe('an ASSIGN job', () => {
  it('puts everybody into a segment, chunk by chunk, and tells how far it is', async () => {
    const job = jobOf();
    const done = await assignEveryone(depsOf(), job, { chunk: 250 });
    expect(done).toMatchObject({
      kind: 'ASSIGN',
      modelId: lab.modelId,
      modelVersionId: lab.live().version.id,
      assigned: CUSTOMERS,
      moved: CUSTOMERS,
    });
    expect(job.told.map(([progress]) => progress)).toEqual([250 / 600, 500 / 600, 1]);
    expect(job.told.at(-1)?.[1]).toBe('looked at 600 of 600 customers, 600 moved');
    expect(await openRows()).toBe(CUSTOMERS);
    expect(await assignEveryone(depsOf(), jobOf())).toMatchObject({
      assigned: CUSTOMERS,
      moved: 0,
    });
  });

  it('that was stopped begins anew and does only what is left', async () => {
    const stop = new AbortController();
    const job = jobOf({
      signal: stop.signal,
      report: () => {
        stop.abort(new Error('the worker is stopping'));
      },
    });
    await expect(assignEveryone(depsOf(), job, { chunk: 250 })).rejects.toThrow('stopping');
    expect(await openRows()).toBe(250);
    expect(await assignEveryone(depsOf(), jobOf(), { chunk: 250 })).toMatchObject({ moved: 350 });
    expect(await openRows()).toBe(CUSTOMERS);
  });

  it('goes over to a version that becomes live meanwhile', async () => {
    const other = { keys: ['some', 'many', 'rare'], borders: THREE.borders };
    let asked = 0;
    const first = lab.live().version.artifactSha256;
    const deps = depsOf({
      assign: async (sha256, table) => {
        asked += 1;
        if (asked === 2) await lab.goLive(other);
        return byBorders(sha256 === first ? THREE : other)(table);
      },
    });
    const done = await assignEveryone(deps, jobOf(), { chunk: 250 });
    expect(done.modelVersionId).toBe(lab.live().version.id);
    const left = await lab.database.db.query(
      `select segment_key from segment_membership where until is null and model_version_id <> $1`,
      [lab.live().version.id],
    );
    expect(left).toEqual([]);
    expect(await openRows()).toBe(CUSTOMERS);
  });

  it('moves also those whose stay began after the job was asked for', async () => {
    const earlier = new Date(lab.clock.now().getTime() - 3_600_000).toISOString();
    await assignEveryone(depsOf(), jobOf());
    const other = { keys: ['some', 'many', 'rare'], borders: THREE.borders };
    await lab.goLive(other);
    const late = jobOf({ input: { kind: 'ASSIGN', key: 'persona', asOf: earlier } });
    const done = await assignEveryone(depsOf({ assign: lab.assign }), late);
    expect(done).toMatchObject({ assigned: CUSTOMERS, moved: CUSTOMERS });
  });

  it('is refused while nothing is live', async () => {
    const serving = { ...lab.serving, current: () => null };
    await expect(assignEveryone(depsOf({ serving }), jobOf())).rejects.toThrow(
      'no version of the segmentation persona is live',
    );
  });
});

describe('replaying memberships', () => {
  const replay = (first: number) =>
    replayMemberships(
      {
        segmentationByKey: (key) => Promise.resolve(key === 'persona' ? { id: lab.modelId } : null),
        newest: membershipStore(lab.database.db).newest,
        useVersion: lab.serving.use,
        assign: depsOf().assign,
      },
      { segmentation: 'persona', first },
      new AbortController().signal,
    );

  it('finds no mismatch in what was written, and every one that was made', async () => {
    await assignEveryone(depsOf(), jobOf());
    expect(await replay(MAX_REPLAYED_STAYS)).toEqual({
      checked: CUSTOMERS,
      mismatches: 0,
      largestDifference: 0,
      examples: [],
    });
    expect(await replay(10)).toMatchObject({ checked: 10, mismatches: 0 });
    await lab.database.db.query(
      `update segment_membership set segment_key = 'gone' where id in (select id from segment_membership order by id limit 2)`,
    );
    await lab.database.db.query(
      `update segment_membership set probability = 0.7 where id = (select max(id) from segment_membership)`,
    );
    const spoilt = await replay(MAX_REPLAYED_STAYS);
    expect(spoilt).toMatchObject({ checked: CUSTOMERS, mismatches: 3 });
    expect(spoilt.largestDifference).toBeCloseTo(0.1, 12);
    expect(spoilt.examples.map(({ stored }) => stored).slice(1)).toEqual(['gone', 'gone']);
  });

  it('counts what cannot be asked again, and says so', async () => {
    await assignEveryone(depsOf(), jobOf());
    await lab.database.db.query(
      `update segment_membership set numeric = substring(numeric for 4) where id = (select min(id) from segment_membership)`,
    );
    const replayed = await replay(MAX_REPLAYED_STAYS);
    expect(replayed).toMatchObject({ checked: CUSTOMERS, mismatches: 1, largestDifference: 0 });
    expect(replayed.examples).toMatchObject([{ replayed: null }]);
    expect(replayed.examples[0]?.because).not.toBeNull();
  });

  it('keeps the inputs bit for bit', async () => {
    const tables: FeatureTable[] = [];
    await assignEveryone(
      depsOf({
        assign: (_, asked) => {
          tables.push(asked);
          return Promise.resolve(byBorders(THREE)(asked));
        },
      }),
      jobOf(),
    );
    const given = tables[0]?.numeric;
    const kept = await lab.database.db.query<{ numeric: Buffer }>(
      'select numeric from segment_membership order by user_id',
    );
    expect(Buffer.concat(kept.map(({ numeric }) => numeric)).toString('hex')).toBe(
      Buffer.from(given?.buffer ?? new ArrayBuffer(0)).toString('hex'),
    );
  });

  it.each([0, MAX_REPLAYED_STAYS + 1])('refuses %i rows', async (first) => {
    await expect(replay(first)).rejects.toThrow(`first must be 1..10000, got ${first}`);
  });
});
