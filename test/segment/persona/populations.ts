import { demoPopulation } from '../../../src/demo/population.js';
import { DAY_MS } from '../../../src/kernel/clock.js';
import { fitKMeans } from '../../../src/numeric/kmeans.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import {
  attributeColumns,
  describeSegments,
  type Population,
  type SegmentFacts,
} from '../../../src/segment/persona/describe-segments.js';
import type { PersonaDimensions } from '../../../src/segment/segmentation-spec.js';

export const NO_DIMENSIONS: PersonaDimensions = {
  spend: null,
  frequency: null,
  recency: null,
  engagement: null,
  age: null,
  gender: null,
  city: null,
};

/** Those of models/persona/spec.json. */
export const DEMO_DIMENSIONS: PersonaDimensions = {
  spend: 'purchase_sum',
  frequency: 'purchase_count',
  recency: 'days_since_last_activity',
  engagement: 'session_count',
  age: 'age',
  gender: 'gender',
  city: 'cityTier',
};

/** The demo shop, with the features of models/persona/spec.json counted from its events. */
export function demoCustomers(users: number): Population {
  const end = new Date('2026-07-01T00:00:00Z');
  const names = ['purchase_sum', 'purchase_count', 'days_since_last_activity', 'session_count'];
  const numeric: number[] = [];
  const profiles: Record<string, unknown>[] = [];
  for (const { user, events } of demoPopulation({ end, users })) {
    const bought = events.filter(({ type }) => type === 'purchase');
    const last = events.at(-1)?.at;
    numeric.push(
      bought.reduce((sum, { value }) => sum + (value ?? 0), 0),
      bought.length,
      last ? (end.getTime() - last.getTime()) / DAY_MS : Number.NaN,
      events.filter(({ type }) => type === 'session_start').length,
    );
    profiles.push(user.attributes);
  }
  const table: FeatureTable = {
    rows: profiles.length,
    numericNames: names,
    numeric: Float32Array.from(numeric),
    categoricalNames: [],
    categorical: [],
  };
  return { table, ...attributeColumns(DEMO_DIMENSIONS, profiles) };
}

/** Columns after log1p, as z-scores; missing = the column's largest. */
function scaled({ table }: Population, columns: readonly number[]): Float64Array {
  const width = table.numericNames.length;
  const points = new Float64Array(table.rows * columns.length);
  columns.forEach((column, j) => {
    const raw = Array.from({ length: table.rows }, (_, i) => table.numeric[i * width + column]!);
    const most = Math.max(...raw.filter(Number.isFinite));
    const values = raw.map((value) => Math.log1p(Number.isFinite(value) ? value : most));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    values.forEach((value, i) => {
      points[i * columns.length + j] = (value - mean) / sd;
    });
  });
  return points;
}

/** k-means on log1p and z-scores, ten starts. */
export function groups(
  population: Population,
  k: number,
  columns = population.table.numericNames.map((_, i) => i),
): Int32Array {
  const { rows } = population.table;
  const points = { rows, columns: columns.length, values: scaled(population, columns) };
  return fitKMeans(points, k, { seed: 1, restarts: 10 }).labels;
}

/** The segments of a population that k-means found. */
export function segmentsOf(
  population: Population,
  k: number,
  columns?: readonly number[],
): SegmentFacts[] {
  return describeSegments(population, groups(population, k, columns && [...columns]), k);
}
