import { describe, expect, it } from 'vitest';
import { modelSpec } from '../../src/model/model-spec.js';
import { decisionOf } from '../../src/prediction/decision.js';
import { churnSpec } from '../support/demo-shop.js';

describe('the band of a score', () => {
  it.each([
    [0, 'ALLOW'],
    [0.0999999, 'ALLOW'],
    [0.1, 'REVIEW'],
    [0.2999999, 'REVIEW'],
    [0.3, 'BLOCK'],
    [1, 'BLOCK'],
  ])('%d is %s: a lower bound belongs to its band', (probability, decision) => {
    expect(decisionOf(probability, { review: 0.1, block: 0.3 })).toBe(decision);
  });

  it('is none where the model has no bands', () => {
    expect(decisionOf(0.9, null)).toBeNull();
  });

  it('has bounds that rise: a spec with others is refused', () => {
    const decisions = { review: 0.5, block: 0.5 };
    const parsed = modelSpec.safeParse({ ...churnSpec(), decisions });
    expect(parsed.error?.issues[0]?.message).toBe('decisions must rise: review < block');
  });
});
