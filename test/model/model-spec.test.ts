import { describe, expect, test } from 'vitest';
import { modelSpec } from '../../src/model/model-spec.js';
import { churnSpec } from '../support/demo-shop.js';

describe('a condition of a rule', () => {
  const EITHER = 'a condition must have either bounds (gt, gte, lt, lte) or in';

  test.each<[string, object, string | undefined]>([
    ['with bounds', { gt: 1, lte: 2 }, undefined],
    ['with categories', { in: ['a'] }, undefined],
    ['with neither, which every known value would meet', {}, EITHER],
    ['with both', { gt: 1, in: ['1'] }, EITHER],
  ])('%s', (_, condition, message) => {
    const when = [{ feature: 'event_count', ...condition }];
    const rule = { name: 'r', when };
    for (const part of [
      { businessRules: [rule] },
      { fallback: { rules: [{ ...rule, probability: 0.5 }] } },
    ])
      expect(modelSpec.safeParse({ ...churnSpec(), ...part }).error?.issues[0]?.message).toBe(
        message,
      );
  });
});
