import { describe, expect, test } from 'vitest';
import { binMatrix } from '../../src/numeric/binning.js';
import { GRADIENT_UNIT } from '../../src/numeric/gradients.js';
import { addToHistogram } from '../../src/numeric/histogram.js';
import { findSplit, type Split, type SplitLimits } from '../../src/numeric/splitting.js';
import { uniformAt } from '../support/synthetic.js';
import { createHistogram } from '../support/histogram.js';

const loose: SplitLimits = {
  l2: 0,
  minGain: 0,
  minChildWeight: 0,
  minRowsInLeaf: 1,
  monotone: null,
};
const unitScale = { gradientStep: 1, hessianStep: 1 };

/** The best split of rows with integer gradients and hessians, all columns. */
function split(
  columns: number,
  values: readonly number[],
  gradients: readonly number[],
  hessians: readonly number[],
  limits: Partial<SplitLimits> = {},
): Split | null {
  const x = { rows: gradients.length, columns, values: Float32Array.from(values) };
  const data = binMatrix(x, 255);
  const packed = Float64Array.from(gradients, (g, i) => g * GRADIENT_UNIT + (hessians[i] ?? 0));
  const rows = Int32Array.from(gradients, (_, i) => i);
  const histogram = createHistogram(data);
  addToHistogram(histogram, data, packed, rows, 0, rows.length);
  const total = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0);
  const node = {
    rows,
    start: 0,
    end: rows.length,
    gradient: total(gradients),
    hessian: total(hessians),
    lower: -Infinity,
    upper: Infinity,
  };
  const all = Int32Array.from({ length: data.columns }, (_, column) => column);
  return findSplit(histogram, data, all, node, { ...loose, ...limits }, unitScale);
}

describe('splitting', () => {
  test('by hand: gain = GL^2/HL + GR^2/HR - G^2/H', () => {
    const found = split(1, [1, 2, 3, 4], [-4, -2, 3, 5], [1, 1, 1, 1]);
    expect(found).toMatchObject({ column: 0, bin: 1, leftGradient: -6, leftHessian: 2 });
    expect(found?.gain).toBeCloseTo(36 / 2 + 64 / 2 - 4 / 4, 9);
  });

  test('l2 is added to the hessians of node and children', () => {
    const found = split(1, [1, 2, 3, 4], [-4, -2, 3, 5], [1, 1, 1, 1], { l2: 2 });
    expect(found?.gain).toBeCloseTo(36 / 4 + 64 / 4 - 4 / 6, 9);
  });

  test('a gain not above minGain is no split', () => {
    expect(split(1, [1, 2], [-1, 1], [1, 1], { minGain: 1.99 })).not.toBeNull();
    expect(split(1, [1, 2], [-1, 1], [1, 1], { minGain: 2 })).toBeNull();
    expect(split(1, [1, 2], [1, 1], [1, 1])).toBeNull();
  });

  test('missing rows go to the side where they gain more', () => {
    const high = split(1, [1, 2, NaN], [-3, 3, 3], [1, 1, 1]);
    expect(high).toMatchObject({ bin: 0, missingLeft: false });
    const low = split(1, [1, 2, NaN], [-3, 3, -3], [1, 1, 1]);
    expect(low).toMatchObject({ bin: 0, missingLeft: true });
  });

  test('missing against present is a split of its own', () => {
    const found = split(1, [1, 2, NaN, NaN], [-3, -3, 3, 3], [1, 1, 1, 1]);
    expect(found).toMatchObject({ bin: 1, missingLeft: false, leftGradient: -6 });
  });

  test('where nothing is missing, NaN is sent to the side with the larger hessian', () => {
    expect(split(1, [1, 2, 2], [-3, 3, 3], [1, 1, 1])?.missingLeft).toBe(false);
    expect(split(1, [1, 1, 2], [-3, -3, 3], [1, 1, 1])?.missingLeft).toBe(true);
  });

  test('ties go to the lower column', () => {
    expect(split(2, [1, 1, 2, 2], [-1, 1], [1, 1])?.column).toBe(0);
  });

  test('children below minChildWeight are not made', () => {
    const found = split(1, [1, 2, 3, 4], [-9, 0, 0, 1], [1, 1, 1, 1], { minChildWeight: 2 });
    expect(found).toMatchObject({ bin: 1, leftHessian: 2 });
  });

  test.each([1, 5, 40, 99, 101])(
    'minRowsInLeaf %d: the same split as trying every bin of every column with exact counts',
    (minRowsInLeaf) => {
      const rows = 200;
      const columns = 3;
      const values: number[] = [];
      for (let i = 0; i < rows; i++) {
        values.push(Math.floor(uniformAt(i, 0, 5) ** 3 * 30));
        values.push(uniformAt(i, 1, 5) < 0.3 ? NaN : Math.floor(uniformAt(i, 2, 5) * 8));
        values.push(uniformAt(i, 3, 5) < 0.04 ? 1 : 0);
      }
      const signal = (i: number): number => ((values[i * 3] ?? 0) > 25 ? 40 : 0);
      const gradients = Array.from({ length: rows }, (_, i) =>
        Math.round(30 * (uniformAt(i, 4, 5) - 0.5) + signal(i)),
      );
      const hessians = Array.from(
        { length: rows },
        (_, i) => 1 + Math.floor(9 * uniformAt(i, 5, 5)),
      );
      const found = split(columns, values, gradients, hessians, { minRowsInLeaf, l2: 1 });
      const best = bestByTrying(columns, values, gradients, hessians, minRowsInLeaf);
      if (best === 0) expect(found).toBeNull();
      else expect(found?.gain).toBeCloseTo(best, 6);
    },
  );
});

/** Largest gain (l2 = 1) over all columns, values and sides for NaN, counting rows; 0 = none. */
function bestByTrying(
  columns: number,
  values: readonly number[],
  gradients: readonly number[],
  hessians: readonly number[],
  minRows: number,
): number {
  const score = (rows: readonly number[]): number => {
    const gradient = rows.reduce((sum, row) => sum + (gradients[row] ?? 0), 0);
    const hessian = rows.reduce((sum, row) => sum + (hessians[row] ?? 0), 0);
    return (gradient * gradient) / (hessian + 1);
  };
  const all = gradients.map((_, row) => row);
  let best = 0;
  for (let column = 0; column < columns; column++) {
    const at = (row: number): number => values[row * columns + column] ?? NaN;
    for (const bound of new Set(all.map(at))) {
      for (const missingLeft of [true, false]) {
        const goesLeft = (row: number): boolean =>
          Number.isNaN(at(row)) ? missingLeft : Number.isNaN(bound) || at(row) <= bound;
        const left = all.filter(goesLeft);
        const right = all.filter((row) => !goesLeft(row));
        if (left.length < minRows || right.length < minRows) continue;
        best = Math.max(best, score(left) + score(right) - score(all));
      }
    }
  }
  return best;
}
