import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLossOfMargins, sigmoid } from '../../../src/numeric/metrics.js';
import { seededRandom } from '../../../src/kernel/random.js';
import { bestBins, cutFinely } from '../../../src/model/score-card/card-bins.js';
import { fitPoints } from '../../../src/model/score-card/card-fit.js';
import { distilScoreCard } from '../../../src/model/score-card/distil-score-card.js';
import {
  binText,
  scoreByCard,
  scoreCard,
  type CardCell,
  type ScoreCard,
} from '../../../src/model/score-card/score-card.js';
import { areaUnderRoc, sweepThresholds } from '../../../src/numeric/threshold-sweep.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { madeTable } from '../../support/made-tables.js';

const CARD: ScoreCard = {
  base: -1,
  inputs: [
    { feature: 'days', bounds: [3, 10], categories: null, points: [-0.5, 0.25, 1, 0.125] },
    { feature: 'plan', bounds: null, categories: ['basic', 'pro'], points: [0.5, -0.75, 0.0625] },
  ],
  auc: 0.8,
  logLoss: 0.4,
  agreement: 0.9,
};

const asked = (cells: Record<string, CardCell>) =>
  scoreByCard(CARD, (feature) => cells[feature] ?? null);

const range = (from: number, until: number): number[] =>
  Array.from({ length: until - from }, (_, i) => from + i);

describe('a card that is asked', () => {
  it.each<[string, Record<string, CardCell>, number, string[]]>([
    ['a bound belongs to the bin below it', { days: 3, plan: 'basic' }, -1, ['up to 3', '"basic"']],
    ['between two bounds', { days: 3.001, plan: 'pro' }, -1.5, ['over 3, up to 10', '"pro"']],
    ['above all bounds', { days: Infinity, plan: 'pro' }, -0.75, ['over 10', '"pro"']],
    ['all missing', {}, -0.8125, ['unknown', 'unknown or another']],
    ['NaN is missing', { days: NaN, plan: 'pro' }, -1.625, ['unknown', '"pro"']],
    [
      'a category never seen',
      { days: 1, plan: 'gold' },
      -1.4375,
      ['up to 3', 'unknown or another'],
    ],
    [
      'text in the place of a number',
      { days: '7', plan: 3 },
      -0.8125,
      ['unknown', 'unknown or another'],
    ],
  ])('%s', (_, cells, margin, bins) => {
    const answer = asked(cells);
    expect(answer.margin).toBe(margin);
    expect(answer.probability).toBe(sigmoid(margin));
    expect(answer.lines.map(({ bin }) => bin)).toEqual(bins);
    expect(answer.lines.reduce((sum, { points }) => sum + points, answer.base)).toBe(margin);
  });

  it('without inputs gives its base to everyone', () => {
    expect(scoreByCard({ base: 0, inputs: [] }, () => 5)).toMatchObject({
      probability: 0.5,
      lines: [],
    });
  });

  it('tells of a number that was never cut that any will do', () => {
    const input = { feature: 'x', bounds: [], categories: null, points: [0.5, 0] };
    expect([binText(input, 0), binText(input, 1)]).toEqual(['any', 'unknown']);
  });
});

describe('points', () => {
  it('are the least ridge-penalised cross entropy to the targets', () => {
    // scipy.optimize.minimize (BFGS, gtol 1e-12) of the same loss, then centred by the counts
    const codes = [Uint8Array.of(0, 1, 2, 0, 1, 2, 3, 0), Uint8Array.of(0, 0, 1, 1, 2, 2, 0, 1)];
    const targets = Float64Array.of(0.1, 0.3, 0.8, 0.2, 0.5, 0.9, 0.6, 0.15);
    const { base, points } = fitPoints(codes, [4, 4], targets);
    expect(base).toBeCloseTo(-0.23563049595688934, 6);
    const golden = [
      [-0.4333651093361646, -0.024361367949465473, 0.5642059369025116, 0.2204061901024017],
      [-0.1398248200880201, -0.046107176464350905, 0.2788979948285565, 0],
    ];
    for (const [i, own] of golden.entries())
      for (const [k, value] of own.entries()) expect(points[i]?.[k]).toBeCloseTo(value, 6);
  });

  it('of inputs that never vary are zero, and certainty stays finite', () => {
    const fit = fitPoints([Uint8Array.of(0, 0)], [2], Float64Array.of(1, 1));
    expect(Number.isFinite(fit.base)).toBe(true);
    expect(fit.points).toEqual([[0, 0]]);
  });
});

describe('bins', () => {
  const oneColumn = (numeric: Float32Array): FeatureTable => ({
    rows: numeric.length,
    numericNames: ['x'],
    numeric,
    categoricalNames: [],
    categorical: [],
  });

  it('of a number are the best runs there are', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            x: fc.integer({ min: 0, max: 6 }),
            y: fc.double({ min: -3, max: 3, noNaN: true }),
          }),
          { minLength: 2, maxLength: 40 },
        ),
        (rows) => {
          const table = oneColumn(Float32Array.from(rows, ({ x }) => x));
          const input = cutFinely(table, range(0, rows.length), 0);
          const pull = {
            residual: Float64Array.from(rows, ({ y }) => y),
            weight: new Float64Array(rows.length).fill(1),
          };
          const cuts = input.bounds ?? [];
          const { gain } = bestBins(input, pull, 3);
          const of = (inside: (x: number) => boolean): number => {
            const kept = rows.filter(({ x }) => inside(x));
            return kept.reduce((sum, { y }) => sum + y, 0) ** 2 / (kept.length + 1);
          };
          let best = of(() => true);
          for (const a of cuts) {
            best = Math.max(best, of((x) => x <= a) + of((x) => x > a));
            for (const b of cuts)
              if (b > a)
                best = Math.max(
                  best,
                  of((x) => x <= a) + of((x) => x > a && x <= b) + of((x) => x > b),
                );
          }
          // fewer bins are taken where the others bring next to nothing
          expect(gain).toBeLessThanOrEqual(best + 1e-9);
          expect(gain).toBeGreaterThanOrEqual(best * 0.995 - 1e-9);
        },
      ),
    );
  });

  it('of a category are its frequent values, ten at most', () => {
    const categorical = range(0, 1_000).map((i) =>
      i === 0 ? 'once' : i % 3 === 0 ? '' : `c${i % 12}`,
    );
    const table = {
      rows: 1_000,
      numericNames: [],
      numeric: new Float32Array(0),
      categoricalNames: ['c'],
      categorical,
    };
    const { categories } = cutFinely(table, range(0, 1_000), 0);
    expect(categories).toHaveLength(8);
    expect(categories).not.toContain('once');
    expect(categories).not.toContain('');
  });
});

describe('a distilled card', () => {
  const { table, labels } = madeTable(3_000);
  /** A model that is additive in steps: what a card can say exactly. */
  const modelMargin = (row: number): number => {
    const risk = table.numeric[row * 2] ?? NaN;
    const plan = table.categorical[row * 2] ?? '';
    const step = Number.isNaN(risk) ? 0.2 : risk <= -0.5 ? -1.4 : risk <= 0.8 ? 0 : 1.6;
    return -0.4 + step + (plan === 'basic' ? 0.9 : -0.3);
  };
  const rows = range(0, 2_400);
  const testRows = range(2_400, 3_000);
  const input = {
    table,
    rows,
    margins: Float64Array.from(rows, modelMargin),
    testRows,
    testMargins: Float64Array.from(testRows, modelMargin),
    testLabels: labels.slice(2_400),
    threshold: 0.5,
    fallback: { maxFeatures: 6, bins: 4 },
  };

  it('finds the inputs that matter, leaves out those that do not, and says nearly what the model says', () => {
    const card = distilScoreCard(input);
    expect(scoreCard.parse(card)).toEqual(card);
    expect(card.inputs.map(({ feature }) => feature)).toEqual(['risk', 'plan']);
    expect(card.agreement).toBeGreaterThan(0.97);
    const own = areaUnderRoc(sweepThresholds(input.testLabels, input.testMargins));
    expect(Math.abs((card.auc ?? 0) - own)).toBeLessThan(0.01);
    expect(
      Math.abs((card.logLoss ?? 0) - logLossOfMargins(input.testLabels, input.testMargins)),
    ).toBeLessThan(0.01);
    for (const row of testRows) {
      const { margin } = scoreByCard(card, (feature) =>
        feature === 'risk'
          ? (table.numeric[row * 2] ?? null)
          : (table.categorical[row * 2] ?? null),
      );
      if (Math.abs((table.numeric[row * 2] ?? 0) + 0.5) < 0.1) continue; // cut at a quantile nearby
      if (Math.abs((table.numeric[row * 2] ?? 0) - 0.8) < 0.1) continue;
      expect(Math.abs(margin - modelMargin(row))).toBeLessThan(0.25);
    }
  });

  it('is the same for the same input, and does not look at labels of the training part', () => {
    expect(distilScoreCard(input)).toEqual(distilScoreCard(input));
  });

  it('keeps to the inputs and bins it is given', () => {
    const card = distilScoreCard({ ...input, fallback: { maxFeatures: 1, bins: 2 } });
    expect(card.inputs).toHaveLength(1);
    expect(card.inputs[0]?.points).toHaveLength(3);
  });

  it('of a model that says one thing has no inputs and says the same', () => {
    const card = distilScoreCard({ ...input, margins: new Float64Array(2_400).fill(-1.5) });
    expect(card.inputs).toEqual([]);
    expect(card.base).toBeCloseTo(-1.5, 6);
    expect(card.auc).toBe(0.5);
  });

  it('without test rows has no figures; with one class no AUC', () => {
    const none = { testRows: [], testMargins: new Float64Array(0), testLabels: new Uint8Array(0) };
    expect(distilScoreCard({ ...input, ...none })).toMatchObject({
      auc: null,
      logLoss: null,
      agreement: null,
    });
    expect(distilScoreCard({ ...input, testLabels: new Uint8Array(600) }).auc).toBeNull();
  });

  it('is found among thousands of inputs, most of them missing everywhere', () => {
    const wide = seededRandom(4);
    const columns = 2_000;
    const numeric = new Float32Array(400 * columns).fill(NaN);
    const margins = new Float64Array(400);
    for (let row = 0; row < 400; row++) {
      for (let column = 0; column < 100; column++) numeric[row * columns + column] = wide.normal();
      margins[row] = numeric[row * columns + 77]! > 0 ? 2 : -2;
    }
    const wideTable = {
      rows: 400,
      numericNames: range(0, columns).map((i) => `n${i}`),
      numeric,
      categoricalNames: [],
      categorical: [],
    };
    const card = distilScoreCard({
      ...input,
      table: wideTable,
      rows: range(0, 400),
      margins,
      testRows: [],
      testMargins: new Float64Array(0),
      testLabels: new Uint8Array(0),
    });
    expect(card.inputs[0]?.feature).toBe('n77');
  });

  it.each<[string, object, string]>([
    ['no rows', { rows: [], margins: new Float64Array(0) }, 'a score card needs rows, got 0'],
    [
      'margins of another length',
      { margins: new Float64Array(3) },
      'margins must hold 2400 values, got 3',
    ],
    [
      'a margin that is no number',
      { margins: new Float64Array(2_400).fill(NaN, 7, 8) },
      'margins[7] must be finite, got NaN',
    ],
    [
      'test labels of another length',
      { testLabels: new Uint8Array(2) },
      'testLabels must hold 600 values, got 2',
    ],
  ])('is refused for %s', (_, wrong, message) => {
    expect(() => distilScoreCard({ ...input, ...wrong })).toThrow(message);
  });
});
