import type { CategorySketch, NumberSketch } from './distribution-sketch.js';
import { placeOf, valueGuide } from './value-guide.js';

/** A window of a numerical column, counted chunk by chunk against a sketch. */
export interface NumberWindow {
  kind: 'NUMBER';
  sketch: NumberSketch;
  /** Counts values; `step` walks a column of a row-major matrix: `from` = column, `step` = columns. What is not finite is missing. */
  add(values: Float32Array | Float64Array, from?: number, to?: number, step?: number): void;
  facts(): NumberWindowFacts;
}

export interface NumberWindowFacts {
  /** Missing ones included. */
  rows: number;
  missing: number;
  /** Null without a value. */
  mean: number | null;
  /** Sample standard deviation (n - 1); null without a value. */
  deviation: number | null;
  min: number | null;
  max: number | null;
  /** Shape [2 x knots + 1]: below the first knot, equal to it, between it and the second … above the last. */
  places: Float64Array;
}

/** A window of a categorical column. */
export interface CategoryWindow {
  kind: 'CATEGORY';
  sketch: CategorySketch;
  /** Counts labels; null and '' are missing. */
  add(labels: ArrayLike<string | null>, from?: number, to?: number, step?: number): void;
  /** Counts a label that many rows have. */
  addCount(label: string | null, count: number): void;
  facts(): CategoryWindowFacts;
}

export interface CategoryWindowFacts {
  rows: number;
  missing: number;
  /** Of the sketch's categories, in its order. */
  counts: Float64Array;
  /** Labels that the sketch does not name, up to 1,000 of them. */
  unseen: ReadonlyMap<string, number>;
  /** Rows of further ones. */
  other: number;
}

const UNSEEN_LABELS = 1_000;

/** What counts a current window against a sketch in one pass over its rows; memory O(sketch). */
export function windowOf(sketch: NumberSketch): NumberWindow;
export function windowOf(sketch: CategorySketch): CategoryWindow;
export function windowOf(sketch: NumberSketch | CategorySketch): NumberWindow | CategoryWindow;
export function windowOf(sketch: NumberSketch | CategorySketch): NumberWindow | CategoryWindow {
  return sketch.kind === 'NUMBER' ? numberWindow(sketch) : categoryWindow(sketch);
}

function numberWindow(sketch: NumberSketch): NumberWindow {
  const guide = valueGuide(Float64Array.from(sketch.knots));
  const places = new Float64Array(2 * sketch.knots.length + 1);
  const centre = sketch.mean ?? 0; // sums of differences from it keep their digits
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  let rows = 0;
  let missing = 0;
  let sum = 0;
  let squares = 0;
  let min = Infinity;
  let max = -Infinity;
  return {
    kind: 'NUMBER',
    sketch,
    add(values, from = 0, to = values.length, step = 1) {
      for (let i = from; i < to; i += step) {
        const value = values[i]! + 0; // -0 is 0
        rows++;
        if (!(Math.abs(value) < Infinity)) {
          missing++;
          continue;
        }
        float[0] = value;
        places[placeOf(guide, value, bits[0]!)]!++;
        const difference = value - centre;
        sum += difference;
        squares += difference * difference;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    },
    facts() {
      const count = rows - missing;
      if (count === 0) return { rows, missing, places, ...NOTHING };
      const spread = Math.max(0, squares - (sum * sum) / count);
      const deviation = count === 1 ? 0 : Math.sqrt(spread / (count - 1));
      return { rows, missing, places, mean: centre + sum / count, deviation, min, max };
    },
  };
}

const NOTHING = { mean: null, deviation: null, min: null, max: null };

function categoryWindow(sketch: CategorySketch): CategoryWindow {
  const placeOfLabel = new Map(sketch.categories.map((label, place) => [label, place]));
  const counts = new Float64Array(sketch.categories.length);
  const unseen = new Map<string, number>();
  let rows = 0;
  let missing = 0;
  let other = 0;
  const addCount = (label: string | null, count: number): void => {
    rows += count;
    if (label === null || label === '') {
      missing += count;
      return;
    }
    const place = placeOfLabel.get(label);
    if (place !== undefined) counts[place]! += count;
    else if (unseen.has(label) || unseen.size < UNSEEN_LABELS)
      unseen.set(label, (unseen.get(label) ?? 0) + count);
    else other += count;
  };
  return {
    kind: 'CATEGORY',
    sketch,
    addCount,
    add(labels, from = 0, to = labels.length, step = 1) {
      for (let i = from; i < to; i += step) addCount(labels[i] ?? null, 1);
    },
    facts: () => ({ rows, missing, counts, unseen, other }),
  };
}
