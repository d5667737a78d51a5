import { expect, it } from 'vitest';
import type { Memberships } from '../../src/numeric/clusterer.js';
import { worstDisagreement, worstMembershipDifference } from '../../src/onnx/parity.js';

it('is the largest difference in probability, not in margin', () => {
  const worst = worstDisagreement(Float64Array.of(0, 30, -2), Float64Array.of(0, 40, -2.1));
  expect(worst).toBeCloseTo(1 / (1 + Math.exp(2)) - 1 / (1 + Math.exp(2.1)), 12);
});

it('is 0 without rows and infinite where a margin is not a number', () => {
  expect(worstDisagreement(new Float64Array(0), new Float64Array(0))).toBe(0);
  expect(worstDisagreement(Float64Array.of(0, NaN), Float64Array.of(0, 0))).toBe(Infinity);
  expect(worstDisagreement(Float64Array.of(0), Float64Array.of(-Infinity))).toBe(Infinity);
});

it('refuses margins of another length', () => {
  expect(() => worstDisagreement(new Float64Array(2), new Float64Array(3))).toThrow(
    'margins must have 3 rows, got 2',
  );
});

const certain: Memberships = {
  segments: 2,
  segment: Int32Array.of(0, 1),
  probability: Float64Array.of(0.75, 0.25, 0.4, 0.6),
  distance: Float64Array.of(1, 2, 8, 4),
};

it.each<[string, Partial<Memberships>, number]>([
  ['nothing', {}, 0],
  ['a probability', { probability: Float64Array.of(0.75, 0.25, 0.41, 0.6) }, 0.01],
  ['a distance, as a share of it', { distance: Float64Array.of(1, 2, 8, 4.4) }, 0.1],
  ['a segment, by what its choice loses', { segment: Int32Array.of(1, 1) }, 0.5],
  ['a segment there is not', { segment: Int32Array.of(2, 1) }, NaN],
  ['a probability that is none', { probability: Float64Array.of(NaN, 0.25, 0.4, 0.6) }, Infinity],
  [
    'a distance without end, read as the largest of float32',
    { distance: Float64Array.of(1, 2, 8, Infinity) },
    3.4028234663852886e38 / 4 - 1,
  ],
])('memberships are apart by %s', (_, change, expected) => {
  const worst = worstMembershipDifference({ ...certain, ...change }, certain);
  if (Number.isNaN(expected) || expected === Infinity) expect(worst).toBe(Infinity);
  else expect(worst / (expected || 1)).toBeCloseTo(expected === 0 ? 0 : 1, 12);
});

it('refuses memberships of another shape', () => {
  const other = { ...certain, segment: Int32Array.of(0) };
  expect(() => worstMembershipDifference(other, certain)).toThrow(
    'memberships must be 2 x 2, got 1 x 2 (rows x segments)',
  );
});
