import { AppError } from '../../kernel/error.js';
import { logLossOfMargins, sigmoid } from '../../numeric/metrics.js';
import type { FeatureTable } from '../../numeric/table.js';
import { areaUnderRoc, sweepThresholds } from '../../numeric/threshold-sweep.js';
import type { FallbackSpec } from '../spec-parts.js';
import {
  bestBins,
  cellAt,
  cutFinely,
  type CardBins,
  type FineInput,
  type Pull,
} from './card-bins.js';
import { fitPoints } from './card-fit.js';
import { binOf, scoreByCard, type ScoreCard } from './score-card.js';

/** What a card is distilled from and measured on. */
export interface DistilInput {
  table: FeatureTable;
  /** Rows of the training part, >= 1, and the model's margins (log-odds) on them, in that order. */
  rows: readonly number[];
  margins: Float64Array;
  /** Rows of the test part, with the model's margins and what really happened. */
  testRows: readonly number[];
  testMargins: Float64Array;
  testLabels: Uint8Array;
  /** Probability from which a row is called positive. */
  threshold: number;
  fallback: Pick<FallbackSpec, 'maxFeatures' | 'bins'>;
}

/** Rows a card is fitted on, and rows and inputs of the first look, at most. */
const MOST_ROWS = 20_000;
const LOOK_ROWS = 2_000;
const MOST_CANDIDATES = 64;
/** An input must take away so much of the model's variance. */
const WORTH_AN_INPUT = 0.002;
const SMALLEST_WEIGHT = 1e-3;
/** Weighted squares that rounding alone makes: the model says one thing. */
const NOTHING = 1e-9;
/** Margins are held to this: no probability needs more. */
const LARGEST_MARGIN = 20;

/**
 * A small additive card that says nearly what the model says: inputs chosen one by one, each the one that
 * takes away most of what is left to explain, then all points fitted together to the model's probabilities.
 * Labels of the training part are not looked at; the test part decides nothing. Deterministic.
 * Cost: O(inputs x 2,000 log 2,000 + 64 x 20,000 x maxFeatures), whatever the number of rows.
 * Source: Siddiqi, Credit Risk Scorecards (2006); Hinton et al. (2015) for fitting to a model's answers.
 * @throws AppError INVALID without rows, or for margins that are not finite or of another length
 */
export function distilScoreCard(input: DistilInput): ScoreCard {
  check(input);
  const { table, fallback } = input;
  const { rows, margins } = evenly(input, MOST_ROWS);
  const targets = margins.map(sigmoid);
  const candidates = lookAround(input).map((column) => cutFinely(table, rows, column));
  const chosen = choose(candidates, margins, targets, fallback);
  const codes = chosen.map(({ bins, column }) => codesOf(table, rows, bins, column));
  const sizes = chosen.map(({ bins }) => sizeOf(bins));
  const { base, points } = fitPoints(codes, sizes, targets);
  const inputs = chosen.map(({ bins }, at) => ({ ...bins, points: points[at] ?? [] }));
  return { base, inputs, ...measure({ base, inputs }, input) };
}

function check({ rows, margins, testRows, testMargins, testLabels }: DistilInput): void {
  if (rows.length === 0) throw new AppError('INVALID', 'a score card needs rows, got 0');
  for (const [name, got, wanted] of [
    ['margins', margins.length, rows.length],
    ['testMargins', testMargins.length, testRows.length],
    ['testLabels', testLabels.length, testRows.length],
  ] as const)
    if (got !== wanted)
      throw new AppError('INVALID', `${name} must hold ${wanted} values, got ${got}`);
  const wrong = margins.findIndex((margin) => !Number.isFinite(margin));
  if (wrong >= 0)
    throw new AppError('INVALID', `margins[${wrong}] must be finite, got ${margins[wrong]}`);
}

/** At most `most` rows, evenly spread, with their margins. */
function evenly(
  { rows, margins }: Pick<DistilInput, 'rows' | 'margins'>,
  most: number,
): { rows: number[]; margins: Float64Array } {
  const count = Math.min(rows.length, most);
  const at = Array.from({ length: count }, (_, i) => Math.floor((i * rows.length) / count));
  return {
    rows: at.map((i) => rows[i] ?? 0),
    margins: Float64Array.from(at, (i) => held(margins[i] ?? 0)),
  };
}

function held(margin: number): number {
  return Math.min(Math.max(margin, -LARGEST_MARGIN), LARGEST_MARGIN);
}

/** How far margins are from what the card says, each weighing as much as its probability can move. */
function pullOf(margins: Float64Array, targets: Float64Array, said: Float64Array): Pull {
  return {
    residual: margins.map((margin, row) => margin - (said[row] ?? 0)),
    weight: targets.map((target) => Math.max(target * (1 - target), SMALLEST_WEIGHT)),
  };
}

function meanOf(margins: Float64Array, { weight }: Pull): number {
  let sum = 0;
  let mass = 0;
  for (const [row, margin] of margins.entries()) {
    sum += margin * (weight[row] ?? 0);
    mass += weight[row] ?? 0;
  }
  return sum / mass;
}

/** Columns that alone tell most, on a few rows: of ten thousand inputs not each is worth a closer look. */
function lookAround(input: DistilInput): number[] {
  const { table, fallback } = input;
  const columns = table.numericNames.length + table.categoricalNames.length;
  const all = Array.from({ length: columns }, (_, column) => column);
  if (columns <= MOST_CANDIDATES) return all;
  const { rows, margins } = evenly(input, LOOK_ROWS);
  const targets = margins.map(sigmoid);
  const flat = pullOf(margins, targets, new Float64Array(rows.length));
  const said = new Float64Array(rows.length).fill(meanOf(margins, flat));
  const pull = pullOf(margins, targets, said);
  return all
    .map((column) => ({
      column,
      gain: bestBins(cutFinely(table, rows, column), pull, fallback.bins).gain,
    }))
    .sort((a, b) => b.gain - a.gain || a.column - b.column)
    .slice(0, MOST_CANDIDATES)
    .map(({ column }) => column);
}

interface Chosen {
  bins: CardBins;
  column: string;
}

function choose(
  candidates: readonly FineInput[],
  margins: Float64Array,
  targets: Float64Array,
  { maxFeatures, bins }: DistilInput['fallback'],
): Chosen[] {
  const chosen: Chosen[] = [];
  const flat = pullOf(margins, targets, new Float64Array(margins.length));
  let said = new Float64Array(margins.length).fill(meanOf(margins, flat));
  const total = energyOf(pullOf(margins, targets, said));
  const left = new Set(candidates);
  while (chosen.length < maxFeatures && left.size > 0 && total > NOTHING) {
    const pull = pullOf(margins, targets, said);
    let best: { input: FineInput; bins: CardBins; gain: number } | null = null;
    for (const input of left) {
      const found = bestBins(input, pull, bins);
      if (found.gain > (best?.gain ?? 0)) best = { input, ...found };
    }
    if (!best || best.gain < WORTH_AN_INPUT * total) break;
    left.delete(best.input);
    chosen.push({ bins: best.bins, column: best.input.feature });
    said = added(said, best.input, best.bins, pull);
  }
  return chosen;
}

function energyOf({ residual, weight }: Pull): number {
  return residual.reduce((sum, each, row) => sum + each * each * (weight[row] ?? 0), 0);
}

/** What the card says once the input's bins have the points that the pull wants. */
function added(
  said: Float64Array<ArrayBuffer>,
  fine: FineInput,
  bins: CardBins,
  { residual, weight }: Pull,
): Float64Array<ArrayBuffer> {
  const size = sizeOf(bins);
  const coarse = Array.from(fine.codes, (code) => coarseBin(fine, bins, code));
  const sum = new Float64Array(size);
  const mass = new Float64Array(size).fill(1);
  for (const [row, bin] of coarse.entries()) {
    sum[bin] = (sum[bin] ?? 0) + (weight[row] ?? 0) * (residual[row] ?? 0);
    mass[bin] = (mass[bin] ?? 0) + (weight[row] ?? 0);
  }
  return said.map((before, row) => {
    const bin = coarse[row] ?? 0;
    return before + (sum[bin] ?? 0) / (mass[bin] ?? 1);
  });
}

function coarseBin(fine: FineInput, bins: CardBins, code: number): number {
  if (!fine.bounds || !bins.bounds) return code;
  if (code > fine.bounds.length) return sizeOf(bins) - 1;
  const upper = fine.bounds[code] ?? Infinity;
  const at = bins.bounds.findIndex((bound) => upper <= bound);
  return at < 0 ? bins.bounds.length : at;
}

/** Bins of an input, the missing one included. */
function sizeOf({ bounds, categories }: CardBins): number {
  return bounds ? bounds.length + 2 : (categories?.length ?? 0) + 1;
}

function codesOf(
  table: FeatureTable,
  rows: readonly number[],
  bins: CardBins,
  column: string,
): Uint8Array {
  const at = columnOf(table, column);
  const input = { ...bins, points: new Array<number>(sizeOf(bins)).fill(0) };
  return Uint8Array.from(rows, (row) => binOf(input, cellAt(table, row, at)));
}

function columnOf(table: FeatureTable, name: string): number {
  const number = table.numericNames.indexOf(name);
  return number >= 0 ? number : table.numericNames.length + table.categoricalNames.indexOf(name);
}

function measure(
  card: Pick<ScoreCard, 'base' | 'inputs'>,
  { table, testRows, testMargins, testLabels, threshold }: DistilInput,
): Pick<ScoreCard, 'auc' | 'logLoss' | 'agreement'> {
  if (testRows.length === 0) return { auc: null, logLoss: null, agreement: null };
  const columns = new Map(card.inputs.map(({ feature }) => [feature, columnOf(table, feature)]));
  const margins = Float64Array.from(
    testRows,
    (row) => scoreByCard(card, (feature) => cellAt(table, row, columns.get(feature) ?? 0)).margin,
  );
  let same = 0;
  for (const [at, margin] of margins.entries())
    if (sigmoid(margin) >= threshold === sigmoid(testMargins[at] ?? 0) >= threshold) same += 1;
  const auc = areaUnderRoc(sweepThresholds(testLabels, margins));
  return {
    auc: Number.isFinite(auc) ? auc : null,
    logLoss: logLossOfMargins(testLabels, margins),
    agreement: same / testRows.length,
  };
}
