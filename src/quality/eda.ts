import { setImmediate } from 'node:timers/promises';
import type { FeatureDefinition } from '../feature/feature.js';
import { isCategorical, type FeatureRows, type ReadFeatures } from '../feature/read-features.js';
import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { correlationRow } from '../numeric/correlation-matrix.js';
import { binCounts } from '../numeric/histogram-bins.js';

export const EDA_DATASETS = ['CUSTOMERS', 'EVENTS'] as const;
export type EdaDataset = (typeof EDA_DATASETS)[number];

/** Customers whose features are looked at. */
export const EDA_SAMPLE = 10_000;
/** Numeric features correlated, first by name. */
export const EDA_FEATURES = 100;
/** Days of the activity histogram. */
export const ACTIVITY_DAYS = 90;

/** Labels of customers, known at an instant; from a room to the right. */
export type EdaLabels = (
  model: string,
  until: Date,
) => Promise<{ userIds: readonly number[]; positive: readonly boolean[] }>;

export interface EdaShape {
  rows: number;
  from: Date | null;
  until: Date | null;
}
export interface Cohort {
  /** First of the month, UTC. */
  month: Date;
  customers: number;
  labelled: number;
  positive: number;
}
export interface Activity {
  byDay: { day: Date; events: number }[];
  /** ISO weekday 1..7 and hour 0..23, UTC. */
  byHour: { weekday: number; hour: number; events: number }[];
}
export interface FeaturePair {
  a: string;
  b: string;
  r: number;
  n: number;
}
export interface FeatureHistogram {
  feature: string;
  missing: number;
  bins: { low: number; high: number; count: number }[];
}

export interface EdaDeps {
  approvedFeatures(): Promise<FeatureDefinition[]>;
  /** Ids of at most `limit` customers, an even sample. */
  sampleUsers(limit: number): Promise<number[]>;
  readFeatures: ReadFeatures;
  labels: EdaLabels;
  /** Rows of the data set, and the instants of the first and last event before `asOf`. */
  shape(dataset: EdaDataset, asOf: Date): Promise<EdaShape>;
  cohorts(
    labels: { userIds: readonly number[]; positive: readonly boolean[] },
    asOf: Date,
  ): Promise<Cohort[]>;
  activity(since: Date, until: Date): Promise<Activity>;
}

export interface EdaRequest {
  dataset: EdaDataset;
  model: string;
  asOf: Date;
}

/** What is asked of one data set as of one instant; each part is read once, when first asked. */
export interface Eda extends EdaRequest {
  shape(): Promise<EdaShape>;
  featureCount(): Promise<number>;
  imbalanceRatio(): Promise<number | null>;
  cohorts(): Promise<Cohort[]>;
  activity(): Promise<Activity>;
  matrix(): Promise<CorrelationMatrix>;
  histograms(names: readonly string[] | null, bins: number): Promise<FeatureHistogram[]>;
}

/** Pearson's r of every pair, row-major, shape [names, names]; NaN where it is not defined. */
export interface CorrelationMatrix {
  names: string[];
  r: Float64Array;
  pairs: Float64Array;
}

/** Opens a study; nothing is read before it is asked. */
export function explore(deps: EdaDeps, request: EdaRequest): Eda {
  const { dataset, model, asOf } = request;
  const labels = once(() => deps.labels(model, asOf));
  const features = once(async () =>
    (await deps.approvedFeatures())
      .filter(({ type }) => !isCategorical(type) && type !== 'DATETIME')
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  const sample = once(async () => {
    const users = await deps.sampleUsers(EDA_SAMPLE);
    return deps.readFeatures({ features: await features(), users, asOf });
  });
  return {
    ...request,
    shape: once(() => deps.shape(dataset, asOf)),
    featureCount: async () => (await deps.approvedFeatures()).length,
    imbalanceRatio: async () => {
      const { positive } = await labels();
      const ones = positive.filter(Boolean).length;
      const [smaller, larger] = [ones, positive.length - ones].sort((a, b) => a - b);
      return smaller && larger ? larger / smaller : null;
    },
    cohorts: once(async () => deps.cohorts(await labels(), asOf)),
    activity: once(() => deps.activity(new Date(asOf.getTime() - ACTIVITY_DAYS * DAY_MS), asOf)),
    matrix: once(async () => matrixOf(await sample())),
    histograms: async (names, bins) => histogramsOf(await sample(), names, bins),
  };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let held: Promise<T> | null = null;
  return () => (held ??= read());
}

function numbersOf(rows: FeatureRows, name: string): Float64Array {
  const column = rows.columns.get(name);
  if (!(column instanceof Float64Array))
    throw new AppError('INVALID', `${name} is not an approved numeric feature`);
  return column;
}

async function matrixOf(rows: FeatureRows): Promise<CorrelationMatrix> {
  const names = [...rows.columns.keys()].slice(0, EDA_FEATURES);
  const columns = names.map((name) => numbersOf(rows, name));
  const size = names.length;
  const r = new Float64Array(size * size);
  const pairs = new Float64Array(size * size);
  for (let a = 0; a < size; a += 1) {
    const row = correlationRow(columns, a);
    for (let b = a; b < size; b += 1) {
      r[a * size + b] = r[b * size + a] = row.r[b] ?? NaN;
      pairs[a * size + b] = pairs[b * size + a] = row.pairs[b] ?? 0;
    }
    await setImmediate(); // other requests go on between two rows
  }
  return { names, r, pairs };
}

/** The pairs of different features with the largest |r|, largest first, then by name. */
export function topPairs({ names, r, pairs }: CorrelationMatrix, first: number): FeaturePair[] {
  const size = names.length;
  const found: FeaturePair[] = [];
  names.forEach((a, i) => {
    names.slice(i + 1).forEach((b, k) => {
      const at = i * size + i + 1 + k;
      const value = r[at] ?? NaN;
      if (!Number.isNaN(value)) found.push({ a, b, r: value, n: pairs[at] ?? 0 });
    });
  });
  return found.sort((x, y) => Math.abs(y.r) - Math.abs(x.r) || compare(x, y)).slice(0, first);
}

function compare(x: FeaturePair, y: FeaturePair): number {
  return x.a + x.b < y.a + y.b ? -1 : 1;
}

function histogramsOf(
  rows: FeatureRows,
  names: readonly string[] | null,
  bins: number,
): FeatureHistogram[] {
  return (names ?? [...rows.columns.keys()].slice(0, 20)).map((feature) => {
    const { missing, edges, counts } = binCounts(numbersOf(rows, feature), bins);
    return {
      feature,
      missing,
      bins: Array.from(counts, (count, bin) => ({
        low: edges[bin] ?? NaN,
        high: edges[bin + 1] ?? NaN,
        count,
      })),
    };
  });
}
