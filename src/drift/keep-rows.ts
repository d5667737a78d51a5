import { seededRandom } from '../kernel/random.js';
import type { ModelInputs } from '../model/model-inputs.js';
import type { ScoredTable } from './reference.js';

/** Rows that a reference is made from at most; a larger window is sampled. */
const MOST_ROWS = 100_000;

/** Rows of a window, as many as fit. */
export interface KeptRows {
  add(chunk: ScoredTable): void;
  /** Rows seen. */
  rows(): number;
  /** Those kept: all of them, or a sample of the same chance for each. */
  kept(): ScoredTable;
}

/** Keeps up to 100,000 rows; past that each row seen has the same chance to be kept. Source: algorithm R (Vitter 1985), seeded. */
export function keepRows(inputs: ModelInputs, most = MOST_ROWS): KeptRows {
  const { numericNames, categoricalNames } = inputs;
  const [width, high] = [numericNames.length, categoricalNames.length];
  const random = seededRandom(1);
  let numeric = new Float32Array(0);
  let probability = new Float64Array(0);
  const categorical: string[] = [];
  let seen = 0;
  const grow = (): void => {
    const capacity = Math.min(most, Math.max(1_024, 2 * probability.length));
    const [numbers, chances] = [new Float32Array(capacity * width), new Float64Array(capacity)];
    numbers.set(numeric);
    chances.set(probability);
    [numeric, probability] = [numbers, chances];
  };
  return {
    add({ table, probability: chances }) {
      for (let row = 0; row < table.rows; row += 1) {
        const place = seen < most ? seen : random.int(seen + 1);
        seen += 1;
        if (place >= most) continue;
        if (place >= probability.length) grow();
        numeric.set(table.numeric.subarray(row * width, (row + 1) * width), place * width);
        probability[place] = chances[row] ?? NaN;
        for (let j = 0; j < high; j += 1)
          categorical[place * high + j] = table.categorical[row * high + j] ?? '';
      }
    },
    rows: () => seen,
    kept() {
      const rows = Math.min(seen, most);
      return {
        table: {
          ...{ rows, numericNames, categoricalNames, categorical },
          numeric: numeric.subarray(0, rows * width),
        },
        probability: probability.subarray(0, rows),
      };
    },
  };
}
