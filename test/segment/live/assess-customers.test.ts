import { describe, expect, it } from 'vitest';
import type { FeatureRows } from '../../../src/feature/read-features.js';
import {
  assessCustomers,
  readListed,
  readStretchOf,
} from '../../../src/segment/live/assess-customers.js';
import type { MovesToWrite, OpenStays } from '../../../src/segment/live/membership.store.js';
import type { ServedSegmentation } from '../../../src/segment/segmentation.js';
import type { SegmentMoves } from '../../../src/segment/segment.messages.js';
import { byBorders, THREE } from '../../support/segment-lab.js';

const AS_OF = new Date('2026-11-01T00:00:00.000Z');
const MODEL = '01900000-0000-7000-8000-00000000000a';

const served = {
  model: { id: MODEL, name: 'persona' },
  version: { id: '01900000-0000-7000-8000-00000000000b', artifactSha256: 'sha' },
  report: { segments: THREE.keys.map((key, number) => ({ key, number })) },
  inputs: { numericNames: ['purchases'], categoricalNames: [] },
  features: [],
} as unknown as ServedSegmentation;

/** Customers 1..n of so many purchases each (NaN: no value), and who of them does not agree to profiling. */
function rowsOf(purchases: readonly number[], optedOut: readonly number[] = []): FeatureRows {
  const userIds = Float64Array.from(purchases, (_, i) => i + 1);
  const consent = userIds.map((id) => (optedOut.includes(id) ? 0 : 1));
  const unknown = userIds.map(() => NaN);
  return {
    ...{ userIds, rows: userIds.length },
    columns: new Map([
      ['purchases', Float64Array.from(purchases)],
      ['@consentProfiling', consent],
    ]),
    people: { consentProfiling: consent, registeredAt: unknown, firstEventAt: unknown },
  };
}

const openOf = (stays: readonly (readonly [number, string, Date])[]): OpenStays => ({
  userIds: Float64Array.from(stays, ([userId]) => userId),
  ids: Float64Array.from(stays, ([userId]) => 100 + userId),
  keys: stays.map(([, key]) => key),
  since: Float64Array.from(stays, ([, , since]) => since.getTime() + 1e-4),
});

const EARLIER = new Date(AS_OF.getTime() - 1_000);
const LATER = new Date(AS_OF.getTime() + 1);

function parts(rows: FeatureRows, open: OpenStays) {
  const written: MovesToWrite[] = [];
  const told: SegmentMoves[] = [];
  const asked: (readonly number[])[] = [];
  return {
    ...{ written, told, asked },
    readStretch: () => Promise.resolve(rows),
    readFeatures: ({ users }: { users: readonly number[] | 'everyone' }) => {
      if (users !== 'everyone') asked.push(users);
      return Promise.resolve(rows);
    },
    memberships: {
      openIn: () => Promise.resolve(open),
      openOf: (_: string, users: readonly number[]) => {
        asked.push(users);
        return Promise.resolve(open);
      },
      writeMoves: (batch: MovesToWrite) => {
        written.push(batch);
        return Promise.resolve(batch.moves.map(({ userId }) => ({ id: 1_000 + userId, userId })));
      },
    },
    assign: (_: string, table: Parameters<ReturnType<typeof byBorders>>[0]) =>
      Promise.resolve(byBorders(THREE)(table)),
    publishMoves: (_: string, message: SegmentMoves) => told.push(message),
    clock: { wall: () => AS_OF },
  };
}

const signal = new AbortController().signal;

describe('customers by column', () => {
  it('move from the stay that is open, begin a first one, or stay', async () => {
    const deps = parts(
      rowsOf([0, 3, 9, 0]),
      openOf([
        [1, 'some', EARLIER],
        [2, 'some', EARLIER],
        [4, 'gone', AS_OF],
      ]),
    );
    const read = await readStretchOf(deps, served, { after: 0, until: 4 }, AS_OF);
    expect(await assessCustomers(deps, served, read, signal)).toEqual({ assigned: 4, moved: 3 });
    const moves = deps.written[0]?.moves.map(({ userId, openId, key, previousKey }) => [
      ...[userId, openId, key, previousKey],
    ]);
    expect(moves).toEqual([
      [1, 101, 'rare', 'some'],
      [3, null, 'many', null],
      [4, 104, 'rare', 'gone'],
    ]);
    expect(deps.written[0]?.moves.map(({ inputs }) => [...inputs.numeric])).toEqual([
      [0],
      [9],
      [0],
    ]);
    expect(deps.told).toEqual([{ ids: [1_001, 1_003, 1_004] }]);
  });

  it('are left alone where something newer is known already', async () => {
    const deps = parts(rowsOf([0]), openOf([[1, 'many', LATER]]));
    const read = await readStretchOf(deps, served, { after: 0, until: 1 }, AS_OF);
    expect(await assessCustomers(deps, served, read, signal)).toEqual({ assigned: 1, moved: 0 });
    expect(deps.written).toEqual([]);
  });

  it('are in no segment when they opted out or have no value', async () => {
    const deps = parts(rowsOf([0, 3, NaN, 9], [2]), openOf([]));
    const read = await readListed(deps, served, [4, 1, 3, 2], AS_OF);
    expect(deps.asked).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    expect(await assessCustomers(deps, served, read, signal)).toEqual({ assigned: 2, moved: 2 });
    expect(deps.written[0]?.moves.map(({ userId, key }) => [userId, key])).toEqual([
      [1, 'rare'],
      [4, 'many'],
    ]);
  });

  it('who have a stay and are not asked about do not shift the stays of the others', async () => {
    const deps = parts(
      rowsOf([0, 3, 3, 9], [1, 2]),
      openOf([1, 2, 3, 4].map((id) => [id, id === 3 ? 'some' : 'rare', EARLIER])),
    );
    const read = await readStretchOf(deps, served, { after: 0, until: 4 }, AS_OF);
    expect(await assessCustomers(deps, served, read, signal)).toEqual({ assigned: 2, moved: 1 });
    expect(deps.written[0]?.moves).toMatchObject([{ userId: 4, openId: 104, key: 'many' }]);
  });

  it('are never more than certain, whatever the rounding of the graph', async () => {
    const deps = parts(rowsOf([0]), openOf([]));
    const read = await readStretchOf(deps, served, { after: 0, until: 1 }, AS_OF);
    const assign: typeof deps.assign = async (sha256, table) => {
      const said = await deps.assign(sha256, table);
      return { ...said, probability: said.probability.fill(1.0000001) };
    };
    await assessCustomers({ ...deps, assign }, served, read, signal);
    expect(deps.written[0]?.moves.map(({ probability }) => probability)).toEqual([1]);
  });

  it('of nobody ask no graph', async () => {
    const deps = parts(rowsOf([1, 2], [1, 2]), openOf([]));
    const read = await readStretchOf(deps, served, { after: 0, until: 2 }, AS_OF);
    const never = { ...deps, assign: () => Promise.reject(new Error('was asked')) };
    expect(await assessCustomers(never, served, read, signal)).toEqual({ assigned: 0, moved: 0 });
  });
});
