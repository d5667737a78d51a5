import 'reflect-metadata';
import { buildSchema, isObjectType, type GraphQLSchema } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/access/audit.store.js';
import type { FeatureDefinition, FeatureStatus } from '../../src/feature/feature.js';
import { FEATURE_TOPIC } from '../../src/feature/feature.messages.js';
import { liveSchema, type LiveSchema } from '../../src/feature/set/live-schema.js';
import { until } from '../support/door.js';
import { memoryBus } from '../support/memory-bus.js';
import { keptLog } from '../support/quiet-log.js';

const base = buildSchema(`scalar DateTime
  type FeatureSet { asOf: DateTime! }
  type Query { set: FeatureSet }`);

const feature = (name: string, status: FeatureStatus, updatedAt = new Date(0)) =>
  ({
    id: name,
    name,
    version: 1,
    status,
    updatedAt,
    description: name,
    businessMeaning: null,
    type: 'NUMERICAL',
    unit: 'event',
    definition: { kind: 'events', aggregate: 'count' },
  }) as unknown as FeatureDefinition;

function namesIn(schema: GraphQLSchema): string[] {
  const set = schema.getType('FeatureSet');
  return isObjectType(set) ? Object.keys(set.getFields()).filter((name) => name !== 'asOf') : [];
}

const opened: LiveSchema[] = [];
afterEach(async () => {
  for (const live of opened.splice(0)) await live.close();
});

/** A live schema over a registry that the test holds in its hand. */
function world(lookAgainEveryMs = 60_000) {
  const bus = memoryBus();
  const log = keptLog();
  const state = {
    rows: [] as FeatureDefinition[],
    reads: 0,
    audits: 0,
    swaps: [] as string[][],
    read: (): Promise<FeatureDefinition[]> => Promise.resolve(state.rows),
  };
  const live = liveSchema({
    registry: () => {
      state.reads += 1;
      return state.read();
    },
    auditBySubjects: (subjects) => {
      state.audits += 1;
      return Promise.resolve(subjects.map((): AuditEntry[] => []));
    },
    subscribe: (topic) => bus.subscribe(topic),
    log,
    lookAgainEveryMs,
  });
  opened.push(live);
  live.onSwap((schema) => state.swaps.push(namesIn(schema)));
  return { bus, log, live, state };
}

describe('the live schema', () => {
  it('is not to be had before it is open, and following a change does no harm then', async () => {
    const { live } = world();
    expect(() => live.current()).toThrow('was not opened');
    expect(await live.following(() => Promise.resolve('done'))()).toBe('done');
  });

  it('starts as the registry stands and has another version for other fields only', async () => {
    const { live, state } = world();
    await live.open(base);
    expect(live.current()).toBe(base);
    const empty = live.version();
    state.rows = [feature('a', 'DRAFT')];
    await live.refresh();
    expect([live.version(), live.current()]).toEqual([empty, base]);
    state.rows = [feature('a', 'APPROVED')];
    await live.refresh();
    expect(namesIn(live.current())).toEqual(['a']);
    const approved = live.version();
    state.rows = [feature('a', 'DEPRECATED', new Date(1))];
    await live.refresh();
    const versions = new Set([empty, approved, live.version()]);
    expect(versions.size).toBe(3);
    state.rows = [feature('a', 'APPROVED', new Date(2))];
    await live.refresh();
    expect(live.version()).toBe(approved);
    expect(state.swaps).toEqual([['a'], ['a'], ['a']]);
  });

  it('asks for reasons only when something is deprecated, and only when the registry moved', async () => {
    const { live, state } = world();
    state.rows = [feature('a', 'APPROVED')];
    await live.open(base);
    await live.refresh();
    expect(state.audits).toBe(0);
    state.rows = [feature('a', 'DEPRECATED')];
    await live.refresh();
    await live.refresh();
    expect(state.audits).toBe(1);
  });

  it('follows news of the bus, many of them in one round', async () => {
    const { live, state, bus } = world();
    await live.open(base);
    await until(() => bus.subscribers() === 1);
    const before = state.reads;
    state.rows = [feature('a', 'APPROVED')];
    for (let i = 0; i < 500; i += 1) bus.publish(FEATURE_TOPIC, { name: 'a' });
    await until(() => namesIn(live.current()).includes('a'));
    expect(state.reads - before).toBeLessThan(10);
    expect(state.swaps).toEqual([['a']]);
  });

  it('finds by itself what the bus did not tell', async () => {
    const { live, state } = world(5);
    await live.open(base);
    state.rows = [feature('a', 'APPROVED')];
    await until(() => namesIn(live.current()).includes('a'));
  });

  it('holds after a refresh what was there before it, though another was under way', async () => {
    const { live, state } = world();
    await live.open(base);
    const old = [...state.rows];
    let answer: (rows: FeatureDefinition[]) => void = () => undefined;
    state.read = () => new Promise((resolve) => (answer = resolve));
    const first = live.refresh();
    await until(() => state.reads === 2);
    state.rows = [feature('a', 'APPROVED')];
    state.read = () => Promise.resolve(state.rows);
    const second = live.refresh();
    answer(old);
    await first;
    await second;
    expect(namesIn(live.current())).toEqual(['a']);
  });

  it('answers a change after it has followed it', async () => {
    const { live, state } = world();
    await live.open(base);
    await live.following(() => {
      state.rows = [feature('a', 'APPROVED')];
      return Promise.resolve();
    })();
    expect(namesIn(live.current())).toEqual(['a']);
  });

  it('goes on with the present schema when the registry cannot be read, and says so', async () => {
    const { live, state, log } = world();
    state.rows = [feature('a', 'APPROVED')];
    await live.open(base);
    state.read = () => Promise.reject(new Error('no database'));
    await live.refresh();
    expect(namesIn(live.current())).toEqual(['a']);
    expect(log.lines.map(({ message }) => message)).toEqual([
      'the schema could not follow the registry of features; the present one goes on',
    ]);
    state.rows = [];
    state.read = () => Promise.resolve(state.rows);
    await live.refresh();
    expect(namesIn(live.current())).toEqual([]);
  });

  it('leaves the bus when it is closed', async () => {
    const { live, bus } = world();
    await live.open(base);
    await until(() => bus.subscribers() === 1);
    await live.close();
    expect(bus.subscribers()).toBe(0);
  });
});
