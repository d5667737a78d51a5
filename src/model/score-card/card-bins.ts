import { quantileOfSorted } from '../../numeric/quantile.js';
import type { FeatureTable } from '../../numeric/table.js';
import { binOf, type CardCell, type CardInput } from './score-card.js';

/** An input with its bins, before it has points. */
export type CardBins = Omit<CardInput, 'points'>;

/** What rows pull to: shape [rows] each, aligned with the rows asked about. */
export interface Pull {
  /** Wanted change of the margin. */
  residual: Float64Array;
  /** > 0. */
  weight: Float64Array;
}

/** An input cut finely; bins of a card are runs of fine bins. */
export interface FineInput {
  feature: string;
  /** As of `CardBins`; null for a category, which is not cut further. */
  bounds: number[] | null;
  categories: string[] | null;
  /** Fine bin of each row, the last one missing or unlisted. */
  codes: Uint8Array;
}

const FINE_BINS = 40;
const MOST_CATEGORIES = 10;
/** A category with a smaller share of the rows counts as unlisted. */
const RARE_SHARE = 0.005;
/** A step of margin against this weight is not believed: ridge. */
export const RIDGE = 1;
/** Further bins must bring so much of what all of them bring. */
const WORTH_A_BIN = 0.005;

/** The value of column `column`, numbers first, in row `row`. */
export function cellAt(table: FeatureTable, row: number, column: number): CardCell {
  const width = table.numericNames.length;
  if (column < width) return table.numeric[row * width + column] ?? null;
  const text = table.categorical[row * table.categoricalNames.length + column - width];
  return text === undefined || text === '' ? null : text;
}

/** Cuts a column at quantiles of the rows, or by its most frequent categories. Cost: O(rows log rows). */
export function cutFinely(table: FeatureTable, rows: readonly number[], column: number): FineInput {
  const width = table.numericNames.length;
  const cells = rows.map((row) => cellAt(table, row, column));
  const feature =
    (column < width ? table.numericNames[column] : table.categoricalNames[column - width]) ?? '';
  const bounds = column < width ? quantileBounds(cells) : null;
  const categories = column < width ? null : frequent(cells);
  const points = new Array<number>((bounds?.length ?? -1) + 1 + (categories?.length ?? 0) + 1);
  const input = { bounds, categories, points };
  return {
    feature,
    bounds,
    categories,
    codes: Uint8Array.from(cells, (cell) => binOf(input, cell)),
  };
}

function quantileBounds(cells: readonly CardCell[]): number[] {
  const sorted = Float64Array.from(
    cells.filter((cell): cell is number => typeof cell === 'number' && Number.isFinite(cell)),
  ).sort();
  const largest = sorted.at(-1);
  if (largest === undefined) return [];
  const cuts = new Set<number>();
  for (let i = 1; i < FINE_BINS; i++) {
    const cut = Math.fround(quantileOfSorted(sorted, i / FINE_BINS));
    if (cut < largest) cuts.add(cut);
  }
  return [...cuts].sort((a, b) => a - b);
}

function frequent(cells: readonly CardCell[]): string[] {
  const counts = new Map<string, number>();
  for (const cell of cells)
    if (typeof cell === 'string') counts.set(cell, (counts.get(cell) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= cells.length * RARE_SHARE)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, MOST_CATEGORIES)
    .map(([name]) => name);
}

/** Running sums of a pull over the fine bins: entry b is what lies in bins before b. */
function sumsOf({ codes }: FineInput, bins: number, { residual, weight }: Pull) {
  const pull = new Float64Array(bins + 1);
  const mass = new Float64Array(bins + 1);
  for (const [row, code] of codes.entries()) {
    const w = weight[row] ?? 0;
    pull[code + 1] = (pull[code + 1] ?? 0) + w * (residual[row] ?? 0);
    mass[code + 1] = (mass[code + 1] ?? 0) + w;
  }
  for (let bin = 1; bin <= bins; bin++) {
    pull[bin] = (pull[bin] ?? 0) + (pull[bin - 1] ?? 0);
    mass[bin] = (mass[bin] ?? 0) + (mass[bin - 1] ?? 0);
  }
  return { pull, mass };
}

/**
 * The bins, at most `most` beside the missing one, that take away most of the weighted squared residual, and
 * how much that is. Bins of a number are runs of its fine bins, found exactly by dynamic programming.
 * Source: Fisher, On Grouping for Maximum Homogeneity (1958).
 */
export function bestBins(
  input: FineInput,
  pull: Pull,
  most: number,
): { bins: CardBins; gain: number } {
  const { feature, bounds, categories } = input;
  const cuts = bounds ?? [];
  const fine = bounds ? cuts.length + 1 : (categories?.length ?? 0);
  const sums = sumsOf(input, fine + 1, pull);
  const gainOf = (from: number, until: number): number => {
    const total = (sums.pull[until] ?? 0) - (sums.pull[from] ?? 0);
    return total ** 2 / ((sums.mass[until] ?? 0) - (sums.mass[from] ?? 0) + RIDGE);
  };
  const ofMissing = gainOf(fine, fine + 1);
  if (!bounds) {
    let gain = ofMissing;
    for (let bin = 0; bin < fine; bin++) gain += gainOf(bin, bin + 1);
    return { bins: { feature, bounds: null, categories: categories ?? [] }, gain };
  }
  const { ends, gain } = bestRuns(fine, Math.min(most, fine), gainOf);
  const kept = ends.slice(0, -1).map((end) => cuts[end - 1] ?? 0);
  return { bins: { feature, bounds: kept, categories: null }, gain: gain + ofMissing };
}

/** Ends of the runs that partition 0..fine with the largest sum of gains. */
function bestRuns(
  fine: number,
  most: number,
  gainOf: (from: number, until: number) => number,
): { ends: number[]; gain: number } {
  const best: number[][] = [[0, ...new Array<number>(fine).fill(-Infinity)]];
  const begin: number[][] = [[]];
  for (let runs = 1; runs <= most; runs++) {
    const row = new Array<number>(fine + 1).fill(-Infinity);
    const from = new Array<number>(fine + 1).fill(0);
    for (let until = runs; until <= fine; until++)
      for (let start = runs - 1; start < until; start++) {
        const gain = (best[runs - 1]?.[start] ?? -Infinity) + gainOf(start, until);
        if (gain <= (row[until] ?? 0)) continue;
        row[until] = gain;
        from[until] = start;
      }
    best.push(row);
    begin.push(from);
  }
  const gains = best.map((row) => row[fine] ?? -Infinity);
  const full = Math.max(...gains);
  const runs = gains.findIndex((gain) => gain >= full * (1 - WORTH_A_BIN));
  const ends: number[] = [];
  for (let left = runs, end = fine; left > 0; left--) {
    ends.unshift(end);
    end = begin[left]?.[end] ?? 0;
  }
  return { ends, gain: gains[runs] ?? 0 };
}
