import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../kernel/error.js';
import {
  sketchCategory,
  sketchNumber,
  type DistributionSketch,
  type NumberSketch,
} from '../numeric/distribution-sketch.js';
import type { FeatureTable } from '../numeric/table.js';
import { expectedCorrect, type Accuracy } from './concept-drift.js';
import type { ReferenceSource } from './drift.js';
import type { LabelCount } from './window.js';

/** Distributions of a version's inputs, scores and labels; no row of anybody. */
export interface ReferenceSketch {
  /** In the order of the version's inputs. */
  inputs: { name: string; sketch: DistributionSketch }[];
  /** Of the probabilities; after a training those of its test rows, which the version had not seen. */
  scores: NumberSketch;
  /** How often these scores expect to be right. */
  expected: Accuracy;
  /** How often they were; null where no labels were at hand. */
  accuracy: Accuracy | null;
  /** Null where no labels were at hand. */
  labels: LabelCount | null;
}

/** What the current window of a version is compared with. */
export interface DriftReference {
  /** uuid v7. */
  id: string;
  modelVersionId: string;
  source: ReferenceSource;
  rows: number;
  dataFrom: Date;
  dataUntil: Date;
  sketch: ReferenceSketch;
  createdAt: Date;
  createdBy: string;
}

/** A reference without its distributions. */
export type ReferenceFacts = Omit<DriftReference, 'sketch'>;

/** Rows of a window with their scores. */
export interface ScoredTable {
  table: FeatureTable;
  /** 0..1, shape [rows]. */
  probability: Float64Array;
}

/** Fewer test rows say less of the scores than all rows do, although these were learnt from. */
const LEAST_TEST_ROWS = 30;

/**
 * The sketch of a window. @param answers of each row, 1 positive; null: not known
 * @param isTestRow rows the version was not fitted on; scores and accuracy are of these. Null: it was fitted on none
 */
export async function sketchReference(
  { table, probability }: ScoredTable,
  answers: ArrayLike<number> | null,
  threshold: number,
  isTestRow: ((row: number) => boolean) | null,
): Promise<ReferenceSketch> {
  const all = Array.from({ length: table.rows }, (_, row) => row);
  const held = isTestRow ? all.filter(isTestRow) : all;
  const rows = held.length >= LEAST_TEST_ROWS ? held : all;
  const scores = Float64Array.from(rows, (row) => probability[row] ?? NaN);
  const right = (row: number): boolean =>
    (probability[row] ?? 0) >= threshold === (answers?.[row] === 1);
  return {
    inputs: await inputSketches(table),
    scores: sketchNumber(scores),
    expected: { rows: rows.length, accuracy: expectedCorrect(scores, threshold) / rows.length },
    accuracy: answers && { rows: rows.length, accuracy: rows.filter(right).length / rows.length },
    labels: answers && {
      rows: table.rows,
      positive: all.filter((row) => answers[row] === 1).length,
    },
  };
}

/** A column at a time: sorting many rows of all of them at once would hold up whatever else the process does. */
async function inputSketches(table: FeatureTable): Promise<ReferenceSketch['inputs']> {
  const { numericNames, categoricalNames, numeric, categorical, rows } = table;
  const width = numericNames.length;
  const high = categoricalNames.length;
  const inputs: ReferenceSketch['inputs'] = [];
  for (const [column, name] of numericNames.entries()) {
    const values = new Float32Array(rows);
    for (let row = 0; row < rows; row += 1) values[row] = numeric[row * width + column] ?? NaN;
    inputs.push({ name, sketch: sketchNumber(values) });
    await setImmediate();
  }
  for (const [column, name] of categoricalNames.entries()) {
    const labels = Array.from({ length: rows }, (_, row) => categorical[row * high + column] ?? '');
    inputs.push({ name, sketch: sketchCategory(labels) });
    await setImmediate();
  }
  return inputs;
}

const numbers = z.array(z.number());
const numberSketch = z.object({
  kind: z.literal('NUMBER'),
  rows: z.number(),
  missing: z.number(),
  mean: z.number().nullable(),
  deviation: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  edges: numbers,
  knots: numbers,
  equal: numbers,
  between: numbers.nullable(),
  ksErrorBound: z.number(),
});
const categorySketch = z.object({
  kind: z.literal('CATEGORY'),
  rows: z.number(),
  missing: z.number(),
  categories: z.array(z.string()),
  counts: numbers,
  other: z.number(),
});
const accuracy = z.object({ rows: z.number(), accuracy: z.number() });
/** What `drift_reference.sketch` holds. */
const referenceSketch = z.object({
  inputs: z.array(
    z.object({
      name: z.string(),
      sketch: z.discriminatedUnion('kind', [numberSketch, categorySketch]),
    }),
  ),
  scores: numberSketch,
  expected: accuracy,
  accuracy: accuracy.nullable(),
  labels: z.object({ rows: z.number(), positive: z.number() }).nullable(),
});

/** @throws AppError INTERNAL when the row is damaged */
export function parseReferenceSketch(value: unknown, id: string): ReferenceSketch {
  const parsed = referenceSketch.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('INTERNAL', `drift reference ${id}: ${z.prettifyError(parsed.error)}`);
}
