import { describe, expect, it } from 'vitest';
import type { FeatureDefinition, FeatureStatus } from '../../src/feature/feature.js';
import { moveProblem } from '../../src/feature/move-feature.js';

const STATUSES: FeatureStatus[] = ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED', 'ARCHIVED'];

function feature(
  name: string,
  status: FeatureStatus,
  dependencies: FeatureDefinition[] = [],
): FeatureDefinition {
  return {
    ...{ id: name, name, version: 1, description: name, businessMeaning: null, type: 'NUMERICAL' },
    ...{ unit: 'count', status, owner: 'test', tags: [], dependencies },
    definition: { kind: 'events', aggregate: 'count' },
    ...{ createdAt: new Date(0), updatedAt: new Date(0) },
  };
}

describe('moves', () => {
  const LEGAL = new Set([
    ...['DRAFT -> REVIEW', 'DRAFT -> ARCHIVED'],
    ...['REVIEW -> APPROVED', 'REVIEW -> DRAFT', 'REVIEW -> ARCHIVED'],
    'APPROVED -> DEPRECATED',
    ...['DEPRECATED -> APPROVED', 'DEPRECATED -> ARCHIVED'],
    'ARCHIVED -> DRAFT',
  ]);
  const all = STATUSES.flatMap((from) => STATUSES.map((to) => ({ from, to })));
  it.each(all)('$from -> $to', ({ from, to }) => {
    const moved = feature('orders', from);
    const problem = moveProblem(moved, to, [moved], []);
    if (LEGAL.has(`${from} -> ${to}`)) expect(problem).toBeNull();
    else {
      expect(problem).toMatchObject({ code: 'CONFLICT', path: ['to'] });
      expect(problem?.message).toMatch(
        new RegExp(`^orders is ${from} and may move to [A-Z or]+, not to ${to}$`),
      );
    }
  });
});

describe('a feature in use', () => {
  const base = feature('base', 'DEPRECATED');
  const score = feature('score', 'DRAFT', [base]);
  const gone = feature('gone', 'ARCHIVED', [base]);
  it('is not archived, and the error says by whom it is used', () => {
    const problem = moveProblem(base, 'ARCHIVED', [base, score, gone], ['churn@3']);
    expect(problem?.message).toBe(
      'base@1 is used by churn@3, feature score@1 and cannot be archived',
    );
  });

  it('may be deprecated, and archived once only archived ones refer to it', () => {
    const used = feature('base', 'APPROVED');
    expect(
      moveProblem(used, 'DEPRECATED', [used, feature('s', 'APPROVED', [used])], ['m@1']),
    ).toBeNull();
    expect(moveProblem(base, 'ARCHIVED', [base, gone], [])).toBeNull();
  });
});

describe('a feature that refers to others', () => {
  it.each<[FeatureStatus, FeatureStatus, FeatureStatus, string | null]>([
    ['REVIEW', 'APPROVED', 'APPROVED', null],
    ['REVIEW', 'APPROVED', 'DRAFT', 'score@1 refers to base@1, which is DRAFT'],
    ['DEPRECATED', 'APPROVED', 'DEPRECATED', 'score@1 refers to base@1, which is DEPRECATED'],
    ['ARCHIVED', 'DRAFT', 'ARCHIVED', 'score@1 refers to base@1, which is ARCHIVED'],
    ['ARCHIVED', 'DRAFT', 'DRAFT', null],
    ['DEPRECATED', 'ARCHIVED', 'ARCHIVED', null],
  ])('%s -> %s on one that is %s', (from, to, base, message) => {
    const moved = feature('score', from, [feature('base', base)]);
    expect(moveProblem(moved, to, [moved], [])?.message ?? null).toBe(message);
  });
});
