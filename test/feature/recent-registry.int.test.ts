import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore, type AuditEntry } from '../../src/access/audit.store.js';
import { featureStore, type FeatureStore } from '../../src/feature/feature.store.js';
import { moveFeature } from '../../src/feature/move-feature.js';
import {
  REGISTRY_MAX_AGE_MS,
  recentRegistry,
  type RecentRegistryOptions,
} from '../../src/feature/recent-registry.js';
import { systemClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { openGraph, type TestGraph } from '../support/graph.js';
import { memoryBus } from '../support/memory-bus.js';

const clock = systemClock();
const at = new Date('2026-01-01T00:00:00Z');
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

function feature(name: string): Parameters<FeatureStore['insert']>[0] {
  return {
    name,
    description: 'Of a test.',
    businessMeaning: null,
    type: 'NUMERICAL',
    unit: null,
    owner: 'test',
    tags: [],
    definition: { kind: 'attribute', name, as: 'number' },
  };
}

function told(name: string): AuditEntry {
  return { at, actor: 'test', action: 'registered', subject: `Feature:${name}@1`, detail: {} };
}

/** The registry as one process remembers it; `ms.now` is its monotonic clock. */
function processOf(ms: { now: number }, options?: RecentRegistryOptions) {
  return recentRegistry(featureStore(database.db, auditStore), () => ms.now, options);
}

async function seen({ recent }: ReturnType<typeof processOf>, name: string): Promise<string[]> {
  return (await recent()).filter((row) => row.name === name).map(({ status }) => status);
}

describe('the remembered registry', () => {
  it('shows a change of its own process at once, and of another process within its greatest age', async () => {
    const ms = { now: 0 };
    const [own, other] = [processOf(ms), processOf(ms)];
    expect(await seen(own, 'aged')).toEqual([]);
    expect(await seen(other, 'aged')).toEqual([]);
    await own.store.insert(feature('aged'), 1, 'REVIEW', at, told('aged'));
    expect(await seen(own, 'aged')).toEqual(['REVIEW']);
    ms.now += REGISTRY_MAX_AGE_MS - 1;
    expect(await seen(other, 'aged')).toEqual([]);
    ms.now += 1;
    expect(await seen(other, 'aged')).toEqual(['REVIEW']);

    const { errors } = await moveFeature({ move: other.store.move, wall: () => at })(
      { name: 'aged', to: 'APPROVED', comment: null },
      'test',
    );
    expect(errors).toEqual([]);
    expect(await seen(other, 'aged')).toEqual(['APPROVED']);
    ms.now += REGISTRY_MAX_AGE_MS;
    expect(await seen(own, 'aged')).toEqual(['APPROVED']);
  });

  it('never keeps what was read before a change of its own, even if that read ends later', async () => {
    const ms = { now: 0 };
    const own = processOf(ms);
    const early = own.recent();
    await own.store.insert(feature('raced'), 1, 'APPROVED', at, told('raced'));
    await early;
    expect(await seen(own, 'raced')).toEqual(['APPROVED']);
  });

  it('is read once for all who wait, on nobody’s account', async () => {
    let reads = 0;
    const store = featureStore(database.db, auditStore);
    const all = (): ReturnType<FeatureStore['all']> => {
      reads += 1;
      return store.all();
    };
    const { recent } = recentRegistry({ ...store, all }, () => 0);
    const counts = zeroCounts();
    await withCounts(counts, () => Promise.all([recent(), recent(), recent()]));
    expect(reads).toBe(1);
    expect(counts.sql).toBe(0);
  });

  it('does not keep a failure', async () => {
    let reads = 0;
    const store = featureStore(database.db, auditStore);
    const all = (): ReturnType<FeatureStore['all']> =>
      (reads += 1) === 1 ? Promise.reject(new Error('away')) : store.all();
    const { recent } = recentRegistry({ ...store, all }, () => 0);
    await expect(recent()).rejects.toThrow('away');
    expect((await recent()).length).toBeGreaterThan(0);
  });
});

describe('the remembered registry of two processes with a bus between them', () => {
  it('is forgotten by both when one changes it, however young, and listeners hear of it afterwards', async () => {
    const ms = { now: 0 };
    const bus = memoryBus();
    const looks: boolean[] = [];
    const own = processOf(ms, { news: bus });
    const other = processOf(ms, { news: bus, onLook: (hit) => looks.push(hit) });
    expect(await seen(other, 'shared')).toEqual([]);
    expect(await seen(other, 'shared')).toEqual([]);
    const heard = new Promise<string[]>((resolve) => {
      const stop = other.onChange(() => {
        stop();
        void seen(other, 'shared').then(resolve);
      });
    });
    await own.store.insert(feature('shared'), 1, 'REVIEW', at, told('shared'));
    expect(await heard).toEqual(['REVIEW']);
    expect(looks).toEqual([false, true, false]);

    const moved = new Promise<void>((resolve) => other.onChange(resolve));
    const move = moveFeature({ move: own.store.move, wall: () => at });
    const shortcut = await move({ name: 'shared', to: 'DEPRECATED', comment: null }, 'test');
    expect(shortcut.feature).toBeNull();
    expect(await seen(other, 'shared')).toEqual(['REVIEW']);
    expect(looks.at(-1)).toBe(true); // a refused move is no news
    await move({ name: 'shared', to: 'APPROVED', comment: null }, 'test');
    await moved;
    expect(await seen(other, 'shared')).toEqual(['APPROVED']);
    await Promise.all([own.close(), other.close()]);
    expect(bus.subscribers()).toBe(0);
  });
});

describe('two servers on one database', () => {
  let graphs: TestGraph[] = [];
  beforeAll(async () => {
    graphs = await Promise.all([openGraph(database.url, clock), openGraph(database.url, clock)]);
    await graphs[0]?.ask(
      `mutation { upsertUsers(users: [{ externalId: "u1", attributes: { fresh: 7 } }]) { created } }`,
    );
  });
  afterAll(async () => {
    for (const graph of graphs) await graph.close();
  });

  it('answer a feature at once that the other registered, however recently they looked', async () => {
    const [one, two] = graphs;
    const ask = `{ user(externalId: "u1") { features(names: ["fresh"]) { number } } }`;
    const before = await two?.ask(ask);
    expect(before?.errors?.[0]?.message).toMatch(/no feature is registered as fresh/);
    const registered = await one?.ask(`mutation { registerFeature(input: { name: "fresh",
      description: "Fresh.", type: NUMERICAL, unit: "number", owner: "test",
      definition: { kind: "attribute", name: "fresh", as: "number" } }) { userErrors { message } } }`);
    expect(registered?.data?.registerFeature.userErrors).toEqual([]);
    const after = await two?.ask(ask);
    expect(after?.errors).toBeUndefined();
    expect(after?.data.user.features).toEqual([{ number: 7 }]);
  });
});
