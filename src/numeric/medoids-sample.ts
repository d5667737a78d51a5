import type { RowDistance } from './distances.js';
import { fitMedoids, MAX_MEDOID_ROWS, type MedoidFit } from './medoids.js';
import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';
import { checkK } from './point-checks.js';
import { randomStream, sampleAscending } from './random.js';

/** How a table too large for all its distances is sampled. */
export interface MedoidSampling {
  /** Tables up to here are fitted whole; larger ones on samples of so many rows, 2..10,000. */
  sampleRows: number;
  /** Samples tried, 1..100; the one whose medoids cost least over all rows is kept. */
  samples: number;
  seed: number;
}

export const defaultMedoidSampling: MedoidSampling = { sampleRows: 2000, samples: 5, seed: 1 };

const bounds: Record<keyof MedoidSampling, Bound> = {
  sampleRows: { low: 2, high: MAX_MEDOID_ROWS, integer: true },
  samples: { low: 1, high: 100, integer: true },
  seed: seedBound,
};

/** Medoids of a table; `costs` are those of the winning sample where it was sampled. */
export interface SampledMedoidFit extends MedoidFit {
  /** Rows of each sample; null: all rows were fitted. */
  sampledRows: number | null;
}

/**
 * K-medoids of any number of rows: whole up to `sampleRows`, by CLARA beyond: each sample, with the best medoids so far
 * in it, is fitted by `fitMedoids`, and judged by the cost over all rows.
 * @throws RangeError as `fitMedoids` does, or when no sample has `k` distinct rows
 * Source: Kaufman and Rousseeuw, Finding Groups in Data (1990), chapter 3.
 * Cost: samples x (fit of sampleRows + rows x k distances).
 */
export function fitSampledMedoids(
  rows: number,
  distance: RowDistance,
  k: number,
  options: MedoidSampling = defaultMedoidSampling,
): SampledMedoidFit {
  checkBounds(options, bounds);
  checkK(k, rows);
  if (rows <= options.sampleRows) return { ...fitMedoids(rows, distance, k), sampledRows: null };
  if (k >= options.sampleRows) {
    throw new RangeError(
      `k must be below sampleRows, ${String(options.sampleRows)}, got ${String(k)}`,
    );
  }
  const random = randomStream(options.seed);
  let best: SampledMedoidFit | null = null;
  let refusal: unknown = null;
  for (let sample = 0; sample < options.samples; sample++) {
    const drawn = sampleAscending(rows, options.sampleRows, random);
    const chosen = Int32Array.from(new Set([...drawn, ...(best?.medoids ?? [])])).sort();
    try {
      const fit = fitOnSample(rows, distance, k, chosen, options.sampleRows);
      if (!best || fit.cost < best.cost) best = fit;
    } catch (error) {
      // a sample may lack the distinct rows that another one has
      if (!(error instanceof RangeError)) throw error;
      refusal = error;
    }
  }
  if (best) return best;
  throw new RangeError(
    `none of ${String(options.samples)} samples of ${String(options.sampleRows)} rows can be grouped: ${refusal instanceof Error ? refusal.message : ''}`,
    { cause: refusal },
  );
}

function fitOnSample(
  rows: number,
  distance: RowDistance,
  k: number,
  chosen: Int32Array,
  sampledRows: number,
): SampledMedoidFit {
  // medoids of earlier samples may lengthen it a little beyond the limit of the matrix
  const kept = chosen.length > MAX_MEDOID_ROWS ? chosen.subarray(0, MAX_MEDOID_ROWS) : chosen;
  const fit = fitMedoids(kept.length, (a, b) => distance(kept[a]!, kept[b]!), k);
  const medoids = fit.medoids.map((at) => kept[at]!);
  return { k, medoids, costs: fit.costs, sampledRows, ...assignToMedoids(rows, distance, medoids) };
}

/** The nearest medoid of every row, the lower number where two are as near, and what that costs. */
function assignToMedoids(
  rows: number,
  distance: RowDistance,
  medoids: Int32Array,
): { labels: Int32Array; cost: number } {
  const labels = new Int32Array(rows);
  let cost = 0;
  for (let row = 0; row < rows; row++) {
    let least = Infinity;
    for (let m = 0; m < medoids.length; m++) {
      const found = distance(row, medoids[m]!);
      if (found >= least) continue;
      least = found;
      labels[row] = m;
    }
    cost += least;
  }
  return { labels, cost };
}
