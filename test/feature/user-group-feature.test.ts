import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { FeatureRequest } from '../../src/feature/read-features.js';
import { UserGroupFeatureResolver } from '../../src/feature/user-group-feature.resolver.js';
import type { RequestContext } from '../../src/graphql/context.js';
import { systemClock } from '../../src/kernel/clock.js';
import { zeroCounts } from '../../src/kernel/count.js';

const value: FeatureDefinition = {
  ...{ id: 'value-1', name: 'value', version: 1, description: '', businessMeaning: null },
  ...{ type: 'NUMERICAL', unit: null, status: 'APPROVED', owner: '', tags: [] },
  definition: { kind: 'attribute', name: 'value', as: 'number' },
  ...{ createdAt: new Date(0), updatedAt: new Date(0), dependencies: [] },
};

const context = (): RequestContext => ({
  viewer: { id: 'test', name: 'test', role: 'ADMIN' },
  requestId: 'test',
  signal: new AbortController().signal,
  clock: systemClock(),
  counts: zeroCounts(),
  loaderKey: {},
});

/** Customers with ids that are multiples of `every`; the value is the id, and every seventh opted out. */
async function meansOf(customers: number, every: number, groupsAsked: number) {
  const ids = Array.from({ length: customers }, (_, i) => (i + 1) * every);
  const asked: FeatureRequest['users'][] = [];
  const resolver = new UserGroupFeatureResolver({
    registry: () => Promise.resolve([value]),
    readFeatures: ({ users }) => {
      asked.push(users);
      const userIds = Float64Array.from(users === 'everyone' ? ids : users);
      const columns = new Map([
        ['value', userIds.slice()],
        ['@consentProfiling', userIds.map((id) => (id % 7 === 0 ? 0 : 1))],
      ]);
      return Promise.resolve({ userIds, rows: userIds.length, columns });
    },
  });
  const groups = Array.from({ length: groupsAsked }, (_, group) => {
    const members = Float64Array.from(ids.filter((_, i) => i % 4 === group));
    return { key: [String(group)], count: members.length, members };
  });
  const one = context();
  const found = await Promise.all(groups.map((group) => resolver.feature(group, 'value', one)));
  const wanted = groups.map(({ members }) => members.filter((id) => id % 7 !== 0));
  expect(found.map(({ count }) => count)).toEqual(wanted.map(({ length }) => length));
  found.forEach(({ mean, min, max }, at) => {
    const own = wanted[at] ?? new Float64Array(0);
    expect(mean).toBeCloseTo(own.reduce((sum, id) => sum + id, 0) / own.length, 6);
    expect([min, max]).toEqual([own[0], own.at(-1)]);
  });
  expect(asked).toHaveLength(1);
  return asked[0];
}

describe('a feature over groups', () => {
  it('reads few members by their ids, each once and ascending', async () => {
    const users = await meansOf(1_000, 1, 2);
    expect(users).toHaveLength(500);
    expect(users).toEqual([...(users as number[])].sort((a, b) => a - b));
  });

  it('reads everybody where members are most of everybody', async () => {
    expect(await meansOf(30_000, 1, 4)).toBe('everyone');
    expect(await meansOf(30_000, 1, 3)).toBe('everyone');
  });

  it('reads many by their ids where they are few among many', async () => {
    expect(await meansOf(25_000, 40, 4)).toHaveLength(25_000);
  });
});
