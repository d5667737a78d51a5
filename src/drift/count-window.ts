import {
  compareToSketch,
  type SketchBin,
  type SketchComparison,
} from '../numeric/compare-sketch.js';
import { sketchCategoryCounts } from '../numeric/distribution-sketch.js';
import { windowOf } from '../numeric/sketch-window.js';
import { expectedCorrect, type Accuracy } from './concept-drift.js';
import type { HistogramBin } from './drift.js';
import type { Shift } from './judge-drift.js';
import type { ReferenceSketch, ScoredTable } from './reference.js';
import type { LabelCount } from './window.js';

/** A window that is counted chunk by chunk against a reference; memory does not grow with it. */
export interface CountedWindow {
  add(chunk: ScoredTable): void;
  rows(): number;
  /** Of each input, in the order of the version's inputs. */
  inputs(): Shift[];
  scores(): Shift;
  /** How often the scores expect to be right. */
  expected(): Accuracy;
}

/** Columns are found by name; an input that the reference lacks is not compared. */
export function countWindow(reference: ReferenceSketch, threshold: number): CountedWindow {
  const inputs = reference.inputs.map(({ name, sketch }) => ({ name, window: windowOf(sketch) }));
  const scores = windowOf(reference.scores);
  let rows = 0;
  let correct = 0;
  return {
    add({ table, probability }) {
      const { numericNames, categoricalNames, numeric, categorical } = table;
      for (const { name, window } of inputs) {
        if (window.kind === 'NUMBER') {
          const column = numericNames.indexOf(name);
          if (column >= 0) window.add(numeric, column, numeric.length, numericNames.length);
        } else {
          const column = categoricalNames.indexOf(name);
          if (column >= 0)
            window.add(
              categorical,
              column,
              table.rows * categoricalNames.length,
              categoricalNames.length,
            );
        }
      }
      scores.add(probability);
      rows += table.rows;
      correct += expectedCorrect(probability, threshold);
    },
    rows: () => rows,
    inputs: () => inputs.map(({ name, window }) => shiftOf(name, compareToSketch(window))),
    scores: () => shiftOf('score', compareToSketch(scores)),
    expected: () => ({ rows, accuracy: rows === 0 ? 0 : correct / rows }),
  };
}

/** The share of positive labels against that of the reference. @param names of the two classes */
export function labelShift(
  reference: LabelCount,
  current: LabelCount,
  names: { positive: string; negative: string },
): Shift {
  const counted = ({ rows, positive }: LabelCount): Map<string, number> =>
    new Map([
      [names.positive, positive],
      [names.negative, rows - positive],
    ]);
  const window = windowOf(sketchCategoryCounts(counted(reference)));
  for (const [label, count] of counted(current)) window.addCount(label, count);
  return shiftOf('label', compareToSketch(window));
}

function shiftOf(feature: string, found: SketchComparison): Shift {
  const {
    referenceRows: _r,
    currentRows: _c,
    jensenShannon: _j,
    ksErrorBound: _k,
    ...rest
  } = found;
  const { chiSquareDegrees: _d, histogram, ...figures } = rest;
  return { feature, ...figures, histogram: shortened(histogram) };
}

/** Categories that a report shows; what is rarer in both windows is told together. */
const MOST_BINS = 30;

function shortened(bins: readonly SketchBin[]): HistogramBin[] {
  if (bins.length <= MOST_BINS) return [...bins];
  const ranked = [...bins].sort((a, b) => b.reference + b.current - (a.reference + a.current));
  const rest = ranked.slice(MOST_BINS - 1);
  const sum = (of: 'reference' | 'current'): number => rest.reduce((all, bin) => all + bin[of], 0);
  return [
    ...ranked.slice(0, MOST_BINS - 1),
    {
      label: `${rest.length} others`,
      low: null,
      high: null,
      reference: sum('reference'),
      current: sum('current'),
    },
  ];
}
