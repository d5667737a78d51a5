import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/kernel/error.js';
import { rankFeatures, type RankFeaturesInput } from '../../../src/model/select/rank-features.js';
import {
  defaultSelectionThresholds,
  selectionMethods,
  type FeatureRanking,
  type SelectionMethod,
} from '../../../src/model/selection.js';
import { plantedTable } from '../../support/planted-table.js';

function rank(
  input: Partial<RankFeaturesInput> = {},
  onProgress: (share: number) => void = () => undefined,
): FeatureRanking {
  return rankFeatures(
    {
      ...plantedTable(1500, 1),
      methods: selectionMethods,
      thresholds: { ...defaultSelectionThresholds, rfecvStep: 2, rfecvFolds: 3 },
      seed: 1,
      ...input,
    },
    { onProgress: ({ share }) => onProgress(share), now: () => performance.now() },
  );
}

function report(ranking: FeatureRanking, method: SelectionMethod) {
  const found = ranking.methods.find((each) => each.method === method);
  if (!found) throw new Error(`${method} did not run`);
  return found;
}

const selectedBy = (ranking: FeatureRanking, method: SelectionMethod): string[] =>
  report(ranking, method)
    .ranking.filter(({ selected }) => selected)
    .map(({ feature }) => feature);

const isNoise = (feature: string): boolean => feature.startsWith('noise');
const withoutSeconds = (ranking: FeatureRanking): unknown => ({
  ...ranking,
  methods: ranking.methods.map((each) => ({ ...each, seconds: 0 })),
});

describe('planted signal', () => {
  const ranking = rank();

  it.each(selectionMethods)('%s ranks signal and copies before all noise', (method) => {
    const order = report(ranking, method).ranking.map(({ feature }) => feature);
    const firstNoise = order.findIndex(isNoise);
    const signal = order.filter((feature) => feature.startsWith('signal'));
    expect(signal.length).toBeGreaterThan(0);
    for (const feature of signal) {
      // of a signal and its copy one may do all the work of a forest
      const twin = feature.replace('signal', 'copy');
      const best = Math.min(
        ...[feature, twin]
          .filter((name) => order.includes(name))
          .map((name) => order.indexOf(name)),
      );
      expect(best).toBeLessThan(firstNoise);
    }
    expect(report(ranking, method).ranking.map((row) => row.rank)).toEqual(
      order.map((_, i) => i + 1),
    );
  });

  it('takes each method to the columns it is for', () => {
    const names = (method: SelectionMethod) =>
      report(ranking, method)
        .ranking.map(({ feature }) => feature)
        .filter((feature) => !/noise_\d|_[ab]$/.test(feature))
        .sort();
    expect(names('CORRELATION')).toEqual(['noise_flag']);
    expect(names('ANOVA_F')).toEqual(['noise_flag']);
    expect(names('CHI_SQUARE')).toEqual(['copy_plan', 'noise_city', 'noise_flag', 'signal_plan']);
    expect(names('MUTUAL_INFORMATION')).toEqual(names('CHI_SQUARE'));
    expect(names('MODEL_IMPORTANCE')).toEqual(names('CHI_SQUARE'));
    expect(report(ranking, 'CHI_SQUARE').ranking).toHaveLength(4);
  });

  it('RFECV keeps the signal: each of it, or its copy, and says how many features did best', () => {
    const kept = selectedBy(ranking, 'RFECV');
    expect(kept).toContain('signal_b');
    expect(kept.includes('signal_a') || kept.includes('copy_a')).toBe(true);
    expect(kept.includes('signal_plan') || kept.includes('copy_plan')).toBe(true);
    const { rfecvCurve } = ranking;
    expect(rfecvCurve.map(({ features }) => features)).toEqual([1, 3, 5, 7, 9, 11, 13]);
    const best = Math.max(...rfecvCurve.map(({ meanScore }) => meanScore));
    expect(rfecvCurve.find(({ meanScore }) => meanScore === best)?.features).toBe(kept.length);
    expect(rfecvCurve.at(0)?.meanScore).toBeLessThan(best - 0.02);
    expect(report(ranking, 'RFECV').k).toBe(kept.length);
  });

  it('tells the redundant pairs and no others', () => {
    const pairs = ranking.redundant.map(({ a, b }) => `${a} ${b}`).sort();
    expect(pairs).toEqual(['signal_a copy_a', 'signal_plan copy_plan']);
    expect(ranking.redundant.every(({ r }) => r > 0.95 && r <= 1)).toBe(true);
  });

  it('puts signal first over all methods, with votes and mean ranks that add up', () => {
    const order = ranking.overall.map(({ feature }) => feature);
    const firstNoise = order.findIndex(isNoise);
    for (const signal of ['signal_a', 'signal_b', 'signal_plan'])
      expect(order.indexOf(signal)).toBeLessThan(firstNoise);
    expect(order).toHaveLength(13);
    expect(ranking.overall.map(({ rank: at }) => at)).toEqual(order.map((_, i) => i + 1));
    for (const entry of ranking.overall) {
      const rows = ranking.methods.flatMap((each) =>
        each.ranking.filter(({ feature }) => feature === entry.feature),
      );
      expect(entry.rankedBy).toBe(rows.length);
      expect(entry.votes).toBe(rows.filter(({ selected }) => selected).length);
      expect(entry.meanRank).toBeCloseTo(
        rows.reduce((sum, row) => sum + row.rank, 0) / rows.length,
      );
      expect(entry.selected).toBe(2 * entry.votes >= entry.rankedBy);
    }
  });

  it('is the same again, and tells its progress, which never falls', () => {
    const shares: number[] = [];
    const again = rank({}, (share) => shares.push(share));
    expect(withoutSeconds(again)).toEqual(withoutSeconds(ranking));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  it('selects fewer with stricter thresholds', () => {
    const thresholds = {
      ...defaultSelectionThresholds,
      ...{ correlation: 0.35, mutualInformationK: 2, anovaK: 1, chiSquareP: 0, importance: 0.9 },
      redundancy: 1,
    };
    const methods = selectionMethods.filter((method) => method !== 'RFECV');
    const strict = rank({ thresholds, methods });
    expect(selectedBy(strict, 'CORRELATION').sort()).toEqual(['copy_a', 'signal_a']);
    expect(selectedBy(strict, 'MUTUAL_INFORMATION')).toHaveLength(2);
    expect(selectedBy(strict, 'ANOVA_F')).toHaveLength(1);
    expect(selectedBy(strict, 'CHI_SQUARE')).toEqual([]);
    expect(selectedBy(strict, 'MODEL_IMPORTANCE')).toEqual([]);
    expect([strict.redundant, strict.rfecvCurve]).toEqual([[], []]);
  });
});

describe('noise alone', () => {
  it('passes a p-value of 0.05 about once in twenty columns, and |r| of 0.1 hardly ever', () => {
    const seeds = 60;
    const passed = { ANOVA_F: 0, CHI_SQUARE: 0, CORRELATION: 0 };
    const tried = { ANOVA_F: 0, CHI_SQUARE: 0, CORRELATION: 0 };
    for (let seed = 0; seed < seeds; seed++) {
      const planted = plantedTable(600, 1000 + seed, 0);
      const ranking = rank({ ...planted, methods: ['CORRELATION', 'ANOVA_F', 'CHI_SQUARE'] });
      for (const method of ['CORRELATION', 'ANOVA_F', 'CHI_SQUARE'] as const) {
        // copies fall with what they copy
        const rows = report(ranking, method).ranking.filter(
          (row) => !row.feature.startsWith('copy'),
        );
        tried[method] += rows.length;
        passed[method] += rows.filter(({ selected }) => selected).length;
      }
    }
    // four standard errors around 5 %
    for (const method of ['ANOVA_F', 'CHI_SQUARE'] as const) {
      const error = Math.sqrt((0.05 * 0.95) / tried[method]);
      expect(Math.abs(passed[method] / tried[method] - 0.05)).toBeLessThan(4 * error);
    }
    expect(passed.CORRELATION / tried.CORRELATION).toBeLessThan(0.03);
  });
});

describe('awkward input', () => {
  it('leaves out what cannot be ranked, with the reason', () => {
    const { table, labels, booleanNames } = plantedTable(200, 5);
    const width = table.numericNames.length;
    const numeric = table.numeric.map((value, at) => {
      const name = table.numericNames[at % width];
      if (name === 'noise_0') return 3;
      if (name === 'noise_1') return NaN;
      return name === 'noise_2' && at < width ? Infinity : value;
    });
    numeric[table.numericNames.indexOf('noise_2')] = Infinity;
    const ranking = rank({ table: { ...table, numeric }, labels, booleanNames });
    expect(ranking.leftOut).toEqual([
      { feature: 'noise_0', reason: 'CONSTANT' },
      { feature: 'noise_1', reason: 'ALL_MISSING' },
      { feature: 'noise_2', reason: 'INFINITE' },
    ]);
    expect(ranking.overall.some(({ feature }) => /noise_[012]/.test(feature))).toBe(false);
  });

  it('scores null, and never selects, a number that is hardly ever known', () => {
    const { table, labels, booleanNames } = plantedTable(300, 6);
    const at = table.numericNames.indexOf('signal_a');
    const numeric = table.numeric.slice();
    for (let row = 20; row < table.rows; row++) numeric[row * table.numericNames.length + at] = NaN;
    const ranking = rank({ table: { ...table, numeric }, labels, booleanNames });
    for (const method of ['CORRELATION', 'ANOVA_F', 'MUTUAL_INFORMATION'] as const) {
      const { ranking: rows } = report(ranking, method);
      expect(rows.at(-1)).toMatchObject({ feature: 'signal_a', score: null, selected: false });
    }
  });

  it('takes a single candidate, and a rare category that a fold never sees', () => {
    const { labels } = plantedTable(300, 7);
    const alone = {
      rows: 300,
      numericNames: [],
      numeric: new Float32Array(0),
      categoricalNames: ['rare'],
      categorical: Array.from(labels, (_, i) => (i === 3 ? 'once' : 'always')),
    };
    const ranking = rank({ table: alone, labels, booleanNames: [] });
    expect(ranking.rfecvCurve).toHaveLength(1);
    expect(ranking.overall).toMatchObject([{ feature: 'rare', rank: 1 }]);
  });

  it('counts at most 100 categories and one for the rest, so that ids are not told as signal', () => {
    const { table, labels, booleanNames } = plantedTable(1000, 8, 0);
    const categorical = table.categorical.map((text, at) => (at % 3 === 0 ? `id ${at}` : text));
    const ranking = rank({
      table: { ...table, categorical },
      labels,
      booleanNames,
      methods: ['CHI_SQUARE'],
    });
    const id = report(ranking, 'CHI_SQUARE').ranking.find((row) => row.feature === 'noise_city');
    expect(id?.selected).toBe(false);
  });

  it('refuses too few rows of a label, and a table without anything that varies', () => {
    const { table } = plantedTable(200, 9);
    const labels = new Uint8Array(200).fill(1, 0, 3);
    expect(() => rank({ table, labels })).toThrow(AppError);
    expect(() => rank({ table, labels })).toThrow(
      'at least 5 customers of each label (one a fold), got 3 among 200',
    );
    const flat = { ...table, numericNames: ['one'], numeric: new Float32Array(200) };
    expect(() => rank({ table: { ...flat, categoricalNames: [], categorical: [] } })).toThrow(
      'no candidate varies',
    );
  });
});
