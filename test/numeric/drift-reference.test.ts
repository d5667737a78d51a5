import { describe, expect, it } from 'vitest';
import { compareToSketch, compareValues } from '../../src/numeric/compare-sketch.js';
import { sketchCategory, sketchNumber } from '../../src/numeric/distribution-sketch.js';
import { decileEdges } from '../../src/numeric/drift-bins.js';
import { sortedFloats } from '../../src/numeric/float-sort.js';
import { kolmogorovSmirnov } from '../../src/numeric/kolmogorov-smirnov.js';
import { windowOf } from '../../src/numeric/sketch-window.js';
import { csvColumns } from '../support/csv-columns.js';
import { haveReferenceData, readReference } from '../support/reference-tables.js';
import { uniformAt } from '../support/synthetic.js';

/** Results of numpy 1.24.2 and scipy 1.10.1. */
interface Reference {
  features: Record<
    string,
    Feature & { edges?: number[]; ref_counts: number[]; cur_counts: number[] }
  >;
  no_drift_control: { features: Record<string, Feature> };
  blocks_against_first_tenth?: Record<
    string,
    { block: number; psi: number; ks: number; ks_p: number }[]
  >;
}

interface Feature {
  kind: 'numeric' | 'categorical';
  psi: number;
  js: number;
  ks?: number;
  ks_p?: number;
  chi2: number;
  chi2_dof: number;
  chi2_p: number;
}

/** Equal to a millionth; chances below 1e-300 are as good as 0. */
function expectNear(actual: number | null, expected: number | undefined): void {
  if (expected === undefined || expected < 1e-300) expect(actual ?? 0).toBeLessThan(1e-12);
  else expect(Math.abs((actual ?? NaN) - expected) / expected).toBeLessThan(1e-6);
}

function expectEqual(
  kind: Feature['kind'],
  reference: string[],
  current: string[],
  feature: Feature,
) {
  const compared =
    kind === 'numeric'
      ? compareValues(sketchNumber(numbers(reference)), numbers(current))
      : compareLabels(reference, current);
  expectNear(compared.psi, feature.psi);
  expectNear(compared.jensenShannon, feature.js);
  expectNear(compared.chiSquare, feature.chi2);
  expect(compared.chiSquareDegrees).toBe(feature.chi2_dof);
  expectNear(compared.chiSquarePValue, feature.chi2_p);
  if (kind === 'categorical') return;
  const exact = kolmogorovSmirnov(numbers(reference), numbers(current));
  expectNear(exact.statistic, feature.ks);
  expectNear(exact.pValue, feature.ks_p);
  const bound = compared.ksErrorBound;
  expect(bound).toBeLessThan(1 / 2048);
  if (bound === 0) expect(compared.ks).toBe(exact.statistic);
  else expect(exact.statistic - (compared.ks ?? 0)).toBeLessThanOrEqual(bound);
}

function numbers(texts: readonly string[]): Float64Array {
  return Float64Array.from(texts, Number);
}

function compareLabels(reference: string[], current: string[]) {
  const window = windowOf(sketchCategory(reference));
  window.add(current);
  return compareToSketch(window);
}

const inControl = (_: string, row: number): boolean => Math.imul(row, 2654435761) >>> 0 < 2 ** 31;

const have = haveReferenceData();
const sets = [
  { name: 'drift_elec2', file: 'elec2.csv.gz' },
  { name: 'drift_bike_sharing', file: 'bike_sharing_hour.csv.gz' },
].filter(() => have);

describe.runIf(have)('drift equals numpy and scipy', () => {
  for (const { name, file } of sets) {
    const reference = readReference(name) as Reference;
    const columns = csvColumns(file);
    const column = (feature: string): string[] => columns.get(feature) ?? [];
    const half = Math.floor(column(Object.keys(reference.features)[0] ?? '').length / 2);
    it.each(Object.entries(reference.features))(
      `${name}: %s, first half against second`,
      (feature, expected) => {
        const [before, after] = [column(feature).slice(0, half), column(feature).slice(half)];
        if (expected.edges)
          expect([...decileEdges(sortedFloats(numbers(before)))]).toEqual(expected.edges);
        expectEqual(expected.kind, before, after, expected);
      },
    );
    it.each(Object.entries(reference.no_drift_control.features))(
      `${name}: %s, no drift`,
      (feature, expected) => {
        const all = column(feature);
        const others = all.filter((text, row) => !inControl(text, row));
        expectEqual(expected.kind, all.filter(inControl), others, expected);
      },
    );
  }

  it('drift_elec2: every tenth against the first', () => {
    const reference = readReference('drift_elec2') as Reference;
    const columns = csvColumns('elec2.csv.gz');
    for (const [feature, blocks] of Object.entries(reference.blocks_against_first_tenth ?? {})) {
      const all = numbers(columns.get(feature) ?? []);
      const parts = tenths(all);
      const sketch = sketchNumber(parts[0] ?? all);
      for (const { block, psi, ks, ks_p } of blocks) {
        const compared = compareValues(sketch, parts[block] ?? all);
        expectNear(compared.psi, psi);
        const exact = kolmogorovSmirnov(parts[0] ?? all, parts[block] ?? all);
        expectNear(exact.statistic, ks);
        expectNear(exact.pValue, ks_p);
      }
    }
  });
});

/** As numpy's array_split: the first ones are longer by one. */
function tenths(values: Float64Array): Float64Array[] {
  const size = Math.floor(values.length / 10);
  const longer = values.length % 10;
  const start = (part: number): number => part * size + Math.min(part, longer);
  return Array.from({ length: 10 }, (_, part) => values.slice(start(part), start(part + 1)));
}

describe('drift of 1,000,000 generated rows equals numpy 1.24.2 and scipy 1.10.1', () => {
  const rows = 1_000_000;
  const column = (at: number, power = 1): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => uniformAt(row, at, 3) ** power);
  const reference = column(0);
  const sketch = sketchNumber(reference);
  it.each([
    [
      'shifted',
      column(1, 1.05),
      0.0021080633913905644,
      0.017642999999999964,
      1.263045286046922e-135,
    ],
    ['same', column(2), 1.949883909319847e-5, 0.0014160000000000839, 0.26839642498482585],
  ])('%s', (_, current, psi, ks, pValue) => {
    const compared = compareValues(sketch, current);
    expectNear(compared.psi, psi);
    const exact = kolmogorovSmirnov(reference, current);
    expectNear(exact.statistic, ks);
    expectNear(exact.pValue, pValue);
    expect(compared.ksErrorBound).toBeLessThan(1 / 2048);
    expect(compared.ks).toBeLessThanOrEqual(exact.statistic);
    expect(compared.ks).toBeGreaterThanOrEqual(exact.statistic - compared.ksErrorBound);
  });
});
