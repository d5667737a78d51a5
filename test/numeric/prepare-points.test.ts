import { describe, expect, test } from 'vitest';
import { applyPreparation } from '../../src/numeric/apply-preparation.js';
import { fitKMeans } from '../../src/numeric/kmeans.js';
import { fitPreparation, type PreparationOptions } from '../../src/numeric/prepare-points.js';
import type { NumberTreatment } from '../../src/numeric/prepare-number.js';
import { randomStream } from '../../src/numeric/random.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { telcoTable } from '../support/reference-tables.js';
import { telcoNumeric } from '../support/cluster-reference.js';

const telco = telcoNumeric();
const plain: NumberTreatment = { missing: 'MEDIAN', transform: 'NONE', weight: 1 };

/** Columns by name; numbers and texts may not be mixed in one. */
function tableOf(columns: Record<string, readonly (number | string)[]>): FeatureTable {
  const names = Object.keys(columns);
  const isNumber = (name: string): boolean => typeof columns[name]?.[0] === 'number';
  const numericNames = names.filter(isNumber);
  const categoricalNames = names.filter((name) => !isNumber(name));
  const rows = Math.max(...names.map((name) => columns[name]!.length));
  const each = Array.from({ length: rows }, (_, row) => row);
  return {
    rows,
    numericNames,
    categoricalNames,
    numeric: Float32Array.from(
      each.flatMap((row) => numericNames.map((name) => Number(columns[name]![row]))),
    ),
    categorical: each.flatMap((row) => categoricalNames.map((name) => String(columns[name]![row]))),
  };
}

function optionsFor(
  table: FeatureTable,
  change: Partial<Omit<PreparationOptions, 'inputs'>> = {},
  ...treatments: Partial<NumberTreatment>[]
): PreparationOptions {
  return {
    inputs: table.numericNames.map((_, j) => ({ ...plain, ...treatments[j] })),
    categoricalWeights: table.categoricalNames.map(() => 1),
    winsorise: 0,
    explainedVariance: null,
    ...change,
  };
}

function columnOf(table: FeatureTable, options: PreparationOptions, column = 0): number[] {
  const points = applyPreparation(fitPreparation(table, options).preparation, table);
  return Array.from(
    { length: points.rows },
    (_, row) => points.values[row * points.columns + column]!,
  );
}

describe('preparing numbers', () => {
  test('by hand: the median for what is missing, then mean 0 and deviation 1, times the weight', () => {
    const table = tableOf({ x: [1, NaN, 3, 8] }); // 1 3 3 8: mean 3.75, variance 6.6875
    const { preparation, treatments } = fitPreparation(table, optionsFor(table, {}, { weight: 2 }));
    const deviation = Math.sqrt(6.6875);
    expect(preparation).toMatchObject({ fill: Float64Array.of(3), mean: Float64Array.of(3.75) });
    expect([...applyPreparation(preparation, table).values]).toEqual(
      [1, 3, 3, 8].map((x) => ((x - 3.75) / deviation) * 2),
    );
    expect(treatments).toEqual(['x: 1 missing value was taken as the median, 3']);
  });

  test.each([
    [1234.5, '1,235'],
    [2_345_678, '2,345,678'],
    [12.3456, '12.35'],
    [0.000123456, '0.0001235'],
    [0, '0'],
    [1e-9, '1.000e-9'],
  ])('%d is written for people as %s', (value, written) => {
    const table = tableOf({ x: [1, 2], same: [value, value] });
    expect(fitPreparation(table, optionsFor(table)).ignored).toEqual([
      { feature: 'same', reason: `is constant: ${written} in every row` },
    ]);
  });

  test.each<[NumberTreatment['missing'], number, string]>([
    ['MEDIAN', 4, 'x: 2 missing values were taken as the median, 4'],
    ['ZERO', 0, 'x: 2 missing values were taken as 0'],
    ['MIN', 2, 'x: 2 missing values were taken as the smallest, 2'],
    ['MAX', 9, 'x: 2 missing values were taken as the largest, 9'],
  ])('%s stands for a missing number', (missing, fill, sentence) => {
    const table = tableOf({ x: [2, NaN, 4, NaN, 9] });
    const { preparation, treatments } = fitPreparation(table, optionsFor(table, {}, { missing }));
    expect(preparation.fill[0]).toBe(fill);
    expect(treatments).toEqual([sentence]);
  });

  test('outliers are cut to the bounds, which is said; the zero that was asked for is not', () => {
    const values = Array.from({ length: 200 }, (_, i) => 100 + i);
    const table = tableOf({ spend: [...values, NaN] });
    const cut = fitPreparation(table, optionsFor(table, { winsorise: 0.01 }, { missing: 'MAX' }));
    expect(cut.treatments).toEqual([
      'spend: 2 values above 297 were cut to it',
      'spend: 2 values below 102 were cut to it',
      'spend: 1 missing value was taken as the largest, 297',
    ]);
    const zero = fitPreparation(table, optionsFor(table, { winsorise: 0.01 }, { missing: 'ZERO' }));
    expect(zero.preparation).toMatchObject({ low: Float64Array.of(0), high: Float64Array.of(297) });
  });

  test('the logarithm is taken where it was asked for, or where numbers are skewed and not negative', () => {
    const random = randomStream(1);
    const skewed = Array.from({ length: 500 }, () => Math.exp(4 * random()));
    const table = tableOf({
      skewed,
      negative: skewed.map((x) => x - 2),
      even: skewed.map(() => random()),
      asked: skewed.map(() => random()),
    });
    const auto = { transform: 'AUTO' } as const;
    const cubed = tableOf({ skewed: skewed.map((x) => x ** 3) });
    const options = optionsFor(table, {}, auto, auto, auto, { transform: 'LOG1P' });
    // the skewness of `skewed` is 1
    expect([...fitPreparation(table, options).preparation.logarithm]).toEqual([0, 0, 0, 1]);
    const fitted = fitPreparation(cubed, optionsFor(cubed, {}, auto));
    expect([...fitted.preparation.logarithm]).toEqual([1]);
    expect(fitted.preparation.low[0]).toBe(0);
    expect(fitted.treatments[0]).toMatch(
      /^skewed: its logarithm \(log1p\) was taken, because its skewness is [23]\.\d$/,
    );
  });

  test('one giant outlier neither squashes the rest nor becomes a group of its own', () => {
    const random = randomStream(3);
    const spend = Array.from({ length: 300 }, (_, i) => (i % 3) * 10 + random());
    spend[17] = 1e12;
    const table = tableOf({ spend });
    const groupsOf = (winsorise: number): number[] => {
      const { preparation } = fitPreparation(table, optionsFor(table, { winsorise }));
      const points = applyPreparation(preparation, table);
      const { labels } = fitKMeans(points, 3, { seed: 1, restarts: 10 });
      const sizes = [0, 0, 0];
      for (const label of labels) sizes[label]!++;
      return sizes.sort((a, b) => a - b);
    };
    expect(groupsOf(0)[0]).toBe(1);
    // row 17 belongs to the group of the largest
    expect(groupsOf(0.005)).toEqual([100, 100, 100]);
  });

  test.skipIf(!telco)('of Telco, mean and deviation are those of numpy', () => {
    const { reference } = telco!;
    const { table } = telcoTable();
    const options = optionsFor(table);
    options.inputs.forEach((input) => Object.assign(input, { missing: 'ZERO' }));
    const { preparation } = fitPreparation(table, options);
    expect(preparation.encoding.numericNames.slice(1)).toEqual([
      'tenure',
      'MonthlyCharges',
      'TotalCharges',
    ]);
    reference.mean.forEach((mean, j) => {
      // float32 inputs
      expect(Math.abs(preparation.mean[j + 1]! / mean - 1)).toBeLessThan(1e-7);
      expect(Math.abs(preparation.scale[j + 1]! / reference.std[j]! - 1)).toBeLessThan(1e-7);
    });
  });

  test('infinite numbers at serving become finite points', () => {
    const table = tableOf({ x: [1, 2, 3] });
    const { preparation } = fitPreparation(table, optionsFor(table));
    const points = applyPreparation(preparation, tableOf({ x: [Infinity, -Infinity, NaN] }));
    expect(points.values.every(Number.isFinite)).toBe(true);
  });
});

describe('preparing categories', () => {
  test('rows of different categories are √2 apart, times the weight, and an unknown one 1', () => {
    const table = tableOf({ city: ['Rome', 'Oslo', '', 'Rome'] });
    const options = optionsFor(table, { categoricalWeights: [3] });
    const { preparation } = fitPreparation(table, options);
    expect(preparation.encoding.categories).toEqual([['', 'Oslo', 'Rome']]);
    expect([...preparation.mean]).toEqual([0.25, 0.25, 0.5]);
    const served = tableOf({ city: ['Rome', 'Oslo', 'Paris'] });
    const { values } = applyPreparation(preparation, served);
    const apart = (a: number, b: number): number =>
      Math.hypot(...[0, 1, 2].map((j) => values[a * 3 + j]! - values[b * 3 + j]!));
    expect(apart(0, 1)).toBeCloseTo(3 * Math.SQRT2, 12);
    expect(apart(0, 2)).toBeCloseTo(3, 12);
  });

  test('no category outweighs a number: its variance is below 1', () => {
    const random = randomStream(5);
    const city = Array.from({ length: 400 }, () => `city ${Math.floor(20 * random() ** 2)}`);
    const table = tableOf({ x: city.map(() => random()), city });
    const { values, columns } = applyPreparation(
      fitPreparation(table, optionsFor(table)).preparation,
      table,
    );
    const variance = (from: number, until: number): number => {
      let sum = 0;
      for (let at = 0; at < values.length; at += columns) {
        for (let j = from; j < until; j++) sum += values[at + j]! ** 2;
      }
      return sum / table.rows;
    };
    expect(variance(0, 1)).toBeCloseTo(1, 12);
    expect(variance(1, columns)).toBeLessThan(1);
  });

  test('the 50 most frequent categories count, and it is said what the others are', () => {
    const id = Array.from({ length: 1000 }, (_, i) => (i < 100 ? 'A' : `id ${i}`));
    const table = tableOf({ id });
    const { preparation, treatments } = fitPreparation(table, optionsFor(table));
    expect(preparation.encoding.categories[0]).toHaveLength(50);
    expect(treatments).toEqual([
      'id: the 50 most frequent of 901 categories count; 85.1 % of the rows have another',
    ]);
  });
});

describe('inputs that tell nothing', () => {
  test('are left out, with the reason', () => {
    const table = tableOf({
      x: [1, 2, 3],
      five: [5, 5, 5],
      gone: [NaN, NaN, NaN],
      part: [7, NaN, 7],
      none: ['', '', ''],
      one: ['a', 'a', 'a'],
    });
    const { preparation, ignored, treatments } = fitPreparation(table, optionsFor(table));
    expect(preparation.encoding).toEqual({
      numericNames: ['x'],
      categoricalNames: [],
      categories: [],
    });
    expect(ignored).toEqual([
      { feature: 'five', reason: 'is constant: 5 in every row' },
      { feature: 'gone', reason: 'has no value in any row' },
      { feature: 'part', reason: 'is constant: 7 in every row that has a value' },
      { feature: 'none', reason: 'has no value in any row' },
      { feature: 'one', reason: 'is constant: a in every row' },
    ]);
    expect(treatments).toContain('five is constant: 5 in every row; it was left out');
    expect(applyPreparation(preparation, table).columns).toBe(1);
  });

  test.each<[string, () => unknown, string]>([
    [
      'nothing is left',
      () => {
        const table = tableOf({ x: [1, 1], y: [NaN, NaN] });
        return fitPreparation(table, optionsFor(table));
      },
      'no input tells the rows apart: x is constant: 1 in every row; y has no value in any row',
    ],
    [
      'an infinite number',
      () => {
        const table = tableOf({ x: [1, 2], spend: [1, -Infinity] });
        return fitPreparation(table, optionsFor(table));
      },
      'spend must be finite or missing, got -Infinity in row 1',
    ],
    [
      'a logarithm of negative numbers',
      () => {
        const table = tableOf({ x: [1, -2] });
        return fitPreparation(table, optionsFor(table, {}, { transform: 'LOG1P' }));
      },
      'LOG1P needs numbers of at least 0: x has -2',
    ],
    [
      'no rows',
      () => {
        const table = { ...tableOf({ x: [1] }), rows: 0, numeric: new Float32Array(0) };
        return fitPreparation(table, optionsFor(table));
      },
      'rows must be at least 1, got 0',
    ],
    [
      'a treatment too few',
      () => fitPreparation(tableOf({ x: [1] }), { ...optionsFor(tableOf({ x: [1] })), inputs: [] }),
      'inputs must be 1, got 0',
    ],
    [
      'a weight of 0',
      () => {
        const table = tableOf({ x: [1, 2] });
        return fitPreparation(table, optionsFor(table, {}, { weight: 0 }));
      },
      'weights must be finite and above 0, got 0',
    ],
    [
      'no share to explain',
      () => {
        const table = tableOf({ x: [1, 2] });
        return fitPreparation(table, optionsFor(table, { explainedVariance: 0 }));
      },
      'explainedVariance must be above 0 and at most 1, got 0',
    ],
    [
      'a table without an input',
      () => {
        const table = tableOf({ x: [1, 2] });
        const { preparation } = fitPreparation(table, optionsFor(table));
        return applyPreparation(preparation, tableOf({ y: [1] }));
      },
      'the table has no numeric input named x',
    ],
  ])('%s is refused', (_what, run, message) => {
    expect(run).toThrow(new RangeError(message));
  });
});

describe('components', () => {
  test('the fewest that explain the share are taken, and distances along them are kept', () => {
    const random = randomStream(8);
    const x = Array.from({ length: 300 }, () => random());
    const table = tableOf({ x, twice: x.map((v) => 2 * v), other: x.map(() => random()) });
    const { preparation, treatments } = fitPreparation(
      table,
      optionsFor(table, { explainedVariance: 1 }),
    );
    expect(preparation.rotation?.kept).toBe(2);
    expect(treatments).toEqual([
      '2 of 3 principal components were taken; they explain 100.0 % of the variance',
    ]);
    const turned = applyPreparation(preparation, table);
    const straight = applyPreparation({ ...preparation, rotation: null }, table);
    for (let row = 0; row < 300; row++) {
      expect(Math.hypot(...turned.values.subarray(2 * row, 2 * row + 2))).toBeCloseTo(
        Math.hypot(...straight.values.subarray(3 * row, 3 * row + 3)),
        6, // float32 inputs
      );
    }
  });

  test('columns come out the same from a table with more inputs in another order', () => {
    const table = tableOf({ a: [1, 2, 4], b: [3, 1, 1], c: ['x', 'y', 'x'] });
    const options = optionsFor(table, { explainedVariance: 0.9 });
    const { preparation } = fitPreparation(table, options);
    const shuffled = tableOf({ z: [0, 0, 0], c: ['x', 'y', 'x'], b: [3, 1, 1], a: [1, 2, 4] });
    expect(applyPreparation(preparation, shuffled)).toEqual(applyPreparation(preparation, table));
    expect(columnOf(table, options)).toHaveLength(3);
  });
});
