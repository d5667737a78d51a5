import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustedRandIndex, labelAgreement } from '../../src/numeric/label-agreement.js';
import { nearestCenters, telcoNumeric } from '../support/cluster-reference.js';
import { clusterGolden, goldenLabels } from '../support/cluster-scores-golden.js';

const measures = ['ari', 'nmi', 'homogeneity', 'completeness'] as const;
const labels = fc.array(fc.tuple(fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 })));

/** The definition, straight: each pair of rows. */
function naiveRand(a: number[], b: number[]): number {
  let [both, onlyA, onlyB, apart] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < i; j++) {
      if (a[i] === a[j] && b[i] === b[j]) both++;
      else if (a[i] === a[j]) onlyA++;
      else if (b[i] === b[j]) onlyB++;
      else apart++;
    }
  if (onlyA + onlyB === 0) return 1;
  const expected = ((both + onlyA) * (both + onlyB)) / (both + onlyA + onlyB + apart);
  return (both - expected) / (both + (onlyA + onlyB) / 2 - expected);
}

describe('agreement of groups with labels', () => {
  it('by hand: two of four rows moved', () => {
    expect(adjustedRandIndex([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(-0.5, 12);
    expect(adjustedRandIndex([0, 0, 1, 1], [5, 5, -1, -1])).toBe(1);
    const split = labelAgreement([0, 0, 1, 1], [0, 0, 1, 2]);
    expect(split.homogeneity).toBe(1);
    expect(split.completeness).toBeCloseTo(Math.log(2) / (1.5 * Math.log(2)), 12);
  });

  it.each(clusterGolden.labels)(
    'of $rows rows in $k classes, $copied of them copied, is that of scikit-learn',
    (golden) => {
      const { classes, groups } = goldenLabels(golden);
      const agreement = labelAgreement(classes, groups);
      for (const name of measures) expect(agreement[name]).toBeCloseTo(golden[name], 11);
    },
  );

  it('of k-means with churn and contract of Telco is that of scikit-learn', ({ skip }) => {
    const data = telcoNumeric();
    if (!data) return skip();
    for (const [name, golden] of Object.entries(clusterGolden.telco)) {
      const [k, column] = name.split(' ') as [string, string];
      const run = data.reference.kmeans.find((each) => each.k === Number(k))!;
      const values = data.column(column);
      const codes = [...new Set(values)];
      const agreement = labelAgreement(
        values.map((value) => codes.indexOf(value)),
        nearestCenters(data.points, run.centers_scaled),
      );
      for (const measure of measures) expect(agreement[measure]).toBeCloseTo(golden[measure], 11);
    }
  });

  it('by Rand is that of all pairs of rows, and symmetric', () => {
    fc.assert(
      fc.property(labels, (rows) => {
        const [a, b] = [rows.map(([left]) => left), rows.map(([, right]) => right)];
        expect(adjustedRandIndex(a, b)).toBeCloseTo(naiveRand(a, b), 9);
        expect(adjustedRandIndex(b, a)).toBeCloseTo(adjustedRandIndex(a, b), 12);
      }),
    );
  });

  it('does not see which number a group has, and is 1 of a labelling with itself', () => {
    fc.assert(
      fc.property(labels, (rows) => {
        const [a, b] = [rows.map(([left]) => left), rows.map(([, right]) => right)];
        const renamed = labelAgreement(
          a,
          b.map((label) => (7 * (label + 1)) % 11),
        );
        const agreement = labelAgreement(a, b);
        for (const name of measures) expect(renamed[name]).toBeCloseTo(agreement[name], 9);
        for (const name of measures) expect(labelAgreement(a, a)[name]).toBeCloseTo(1, 9);
      }),
    );
  });

  it('stays exact for a million rows', () => {
    const a = Int32Array.from({ length: 1_000_000 }, (_, i) => i % 5);
    const b = a.map((label, i) => (i < 10 ? 4 - label : label));
    expect(adjustedRandIndex(a, a)).toBe(1);
    const moved = adjustedRandIndex(a, b);
    expect(moved).toBeLessThan(1);
    expect(moved).toBeGreaterThan(0.9999);
  });

  it('refuses other lengths', () => {
    expect(() => adjustedRandIndex([0], [0, 1])).toThrow('got 1 and 2');
  });
});
