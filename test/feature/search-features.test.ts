import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Definition } from '../../src/feature/definition.js';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import {
  checkSearch,
  matchesSearch,
  type FeatureSearch,
} from '../../src/feature/search-features.js';

const purchases: Definition = { kind: 'events', aggregate: 'count', types: ['purchase'] };

function feature(change: Partial<FeatureDefinition> = {}): FeatureDefinition {
  const name = change.name ?? 'orders';
  return {
    ...{ id: `${name}@${change.version ?? 1}`, name, version: 1, description: 'Orders so far' },
    ...{ businessMeaning: 'Habit', type: 'NUMERICAL', unit: 'count', status: 'APPROVED' },
    ...{ owner: 'crm', tags: ['purchase', 'rfm'], definition: purchases, dependencies: [] },
    ...{ createdAt: new Date('2026-01-01'), updatedAt: new Date('2026-02-01') },
    ...change,
  };
}

const facts = { usedByModel: () => true, hasStatistics: () => false };
const finds = (search: FeatureSearch, each = feature()): boolean =>
  matchesSearch(each, search, facts);

describe('checkSearch', () => {
  it.each<[FeatureSearch, string]>([
    [{ text: '' }, 'filter.text must be 1..200 characters, got 0'],
    [{ definitionContains: 'x'.repeat(201) }, 'filter.definitionContains must be 1..200'],
    [{ dataTypes: ['float32'] }, 'filter.dataTypes must be of float64, text, boolean, timestamp'],
    [{ dependsOn: 'orders@0' }, 'filter.dependsOn must be a name or name@version, got orders@0'],
    [{ versions: [1, 0] }, 'filter.versions must be 1 or more, got 0'],
  ])('refuses %j, naming the part', (search, message) => {
    expect(() => {
      checkSearch(search);
    }).toThrow(message);
  });
});

describe('matchesSearch', () => {
  const base = feature({ name: 'base_days', version: 2 });
  const middle = feature({ name: 'middle', dependencies: [base] });
  const formula: Definition = {
    kind: 'expression',
    expression: { op: 'add', of: [{ feature: 'middle', version: 1 }, 1] },
  };
  const derived = feature({ definition: formula, dependencies: [middle] });

  it.each<[FeatureSearch, FeatureSearch]>([
    [{ ids: ['Feature:orders@1'] }, { ids: ['Feature:orders@2'] }],
    [{ names: ['other', 'orders'] }, { names: ['order'] }],
    [{ text: 'ORDERS SO' }, { text: 'revenue' }],
    [{ text: 'habit' }, { text: 'habits' }],
    [{ versions: [1] }, { versions: [2] }],
    [{ types: ['NUMERICAL'] }, { types: ['TEXT', 'BOOLEAN'] }],
    [{ dataTypes: ['float64'] }, { dataTypes: ['text'] }],
    [{ units: ['count'] }, { units: ['day'] }],
    [{ statuses: ['APPROVED', 'DRAFT'] }, { statuses: ['DRAFT'] }],
    [{ owners: ['crm'] }, { owners: ['c'] }],
    [{ tags: ['rfm', 'purchase'] }, { tags: ['rfm', 'other'] }],
    [{ source: 'event:purchase' }, { source: 'event:login' }],
    [{ lineage: 'event.type_id' }, { lineage: 'event.value' }],
    [{ lineage: 'event' }, { lineage: 'customer' }],
    [{ definitionKinds: ['events'] }, { definitionKinds: ['attribute'] }],
    [{ definitionContains: '"aggregate":"count"' }, { definitionContains: '"sum"' }],
    [{ usedByModel: 'churn' }, { hasStatistics: true }],
    [{ hasStatistics: false }, { text: 'habit', owners: ['finance'] }],
    [{ createdAt: { gte: new Date('2026-01-01') } }, { createdAt: { gt: new Date('2026-01-01') } }],
    [{ updatedAt: { lte: new Date('2026-02-01') } }, { updatedAt: { lt: new Date('2026-02-01') } }],
  ])('finds by %j, and not by %j', (found, missed) => {
    expect([finds(found), finds(missed)]).toEqual([true, false]);
  });

  it('follows references through other features, with and without a version', () => {
    const references = ['middle', 'middle@1', 'base_days', 'base_days@2', 'base_days@1', 'orders'];
    expect(references.filter((dependsOn) => finds({ dependsOn }, derived))).toEqual([
      'middle',
      'middle@1',
      'base_days',
      'base_days@2',
    ]);
  });

  it('finds everything by nothing: an empty list is no condition', () => {
    const empty = { ids: [], names: [], versions: [], types: [], dataTypes: [], units: [] };
    expect(finds({ ...empty, statuses: [], owners: [], tags: [], definitionKinds: [] })).toBe(true);
    expect(finds({ text: null, lineage: null, createdAt: null })).toBe(true);
  });

  const tag = fc.constantFrom('a', 'b', 'c', 'd');
  const status = fc.constantFrom('DRAFT', 'APPROVED', 'ARCHIVED');
  it('of tags and statuses together finds the intersection, whatever order they are asked in', () => {
    const registry = fc.array(fc.record({ tags: fc.uniqueArray(tag), status }));
    fc.assert(
      fc.property(registry, fc.array(tag), fc.array(status), (rows, tags, statuses) => {
        const found = rows.filter((row) => finds({ tags, statuses }, feature(row)));
        const apart = rows.filter(
          (row) =>
            tags.every((each) => finds({ tags: [each] }, feature(row))) &&
            (statuses.length === 0 || statuses.some((each) => row.status === each)),
        );
        expect(found).toEqual(apart);
        expect(
          rows.filter((row) => finds({ tags: tags.toReversed(), statuses }, feature(row))),
        ).toEqual(found);
      }),
    );
  });
});
