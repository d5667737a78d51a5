import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { FeatureTable } from '../numeric/table.js';
import {
  inputNames,
  inputsOf,
  inputTable,
  withoutColumns,
  type ModelInputs,
} from './model-inputs.js';
import type { Labels } from './labels.js';
import type { ModelSpec } from './model-spec.js';
import { constantFeatures, minTrainingRows } from './train/check-input.js';
import type { IgnoredFeature } from './train/training.js';
import { findTwins } from './train/twins.js';

/** Rows in ascending user id; `labels[i]` is 1 for positive. */
export interface TrainingTable {
  /** Candidates that can tell rows apart. */
  table: FeatureTable;
  labels: Uint8Array;
  dropped: IgnoredFeature[];
  /** What business rules look at, inputs or not; null without rules. */
  ruleTable: FeatureTable | null;
}

const MAX_INSTANTS = 64;

/**
 * The features a model may be trained on: approved, of a type a graph takes, and wanted by the spec; of a
 * name with several approved versions the newest.
 */
export function candidateFeatures(
  approved: readonly FeatureDefinition[],
  rule: ModelSpec['features'],
): FeatureDefinition[] {
  return approved.filter(
    ({ name, type, tags, version }) =>
      !approved.some((other) => other.name === name && other.version > version) &&
      !rule.exclude.includes(name) &&
      (rule.include === null || rule.include.includes(name)) &&
      (rule.tags === null || rule.tags.some((tag) => tags.includes(tag))) &&
      (type === 'NUMERICAL' || type === 'BOOLEAN' || type === 'CATEGORICAL'),
  );
}

/**
 * Reads the features of every labelled user as of the row's instant, through the same compiled
 * statement that serves live scores; an event at or after that instant never counts.
 * @param ruleFeatures what business rules look at; some may be no candidates, and become no inputs
 * @throws AppError INVALID when there is too little to learn from
 */
export async function buildTrainingTable(
  readFeatures: ReadFeatures,
  features: readonly FeatureDefinition[],
  labels: Labels,
  ruleFeatures: readonly FeatureDefinition[] = [],
): Promise<TrainingTable> {
  checkLabels(labels);
  if (features.length === 0)
    throw new AppError(
      'INVALID',
      'no approved feature fits the model: approve one, or import attributes',
    );
  const extra = ruleFeatures.filter(({ name }) => !features.some((each) => each.name === name));
  const read = [...features, ...extra];
  const whole = await readAsOf(readFeatures, read, labels, inputsOf(read));
  const everything = withoutColumns(whole, new Set(extra.map(({ name }) => name)));
  const rows = [...labels.userIds.keys()];
  const dropped = [...constantFeatures(everything, rows), ...findTwins(everything, rows)];
  const table = withoutColumns(everything, new Set(dropped.map(({ feature }) => feature)));
  if (table.numericNames.length + table.categoricalNames.length === 0)
    throw new AppError('INVALID', 'every candidate feature has the same value in every row');
  const looked = new Set(ruleFeatures.map(({ name }) => name));
  const others = inputNames(whole).filter((name) => !looked.has(name));
  const ruleTable = looked.size > 0 ? withoutColumns(whole, new Set(others)) : null;
  return { table, labels: Uint8Array.from(labels.positive, Number), dropped, ruleTable };
}

function checkLabels({ positive }: Labels): void {
  if (positive.length < minTrainingRows)
    throw new AppError(
      'INVALID',
      `training needs at least ${minTrainingRows} labelled customers, got ${positive.length}: import more, or choose another instant (asOf) or label`,
    );
  const share = positive.filter(Boolean).length;
  if (share === 0 || share === positive.length)
    throw new AppError(
      'INVALID',
      `training needs both labels, all ${positive.length} rows are ${share === 0 ? 'negative' : 'positive'}`,
    );
}

/**
 * Inputs of the labelled customers as of each row's instant: one statement per instant; with many instants,
 * each row is read at the start of its day, which is no later.
 */
export async function readAsOf(
  readFeatures: ReadFeatures,
  features: readonly FeatureDefinition[],
  labels: Labels,
  inputs: ModelInputs,
): Promise<FeatureTable> {
  const groups = groupByInstant(labels.asOf);
  const width = inputs.numericNames.length;
  const textWidth = inputs.categoricalNames.length;
  const numeric = new Float32Array(labels.userIds.length * width);
  const categorical = new Array<string>(labels.userIds.length * textWidth).fill('');
  for (const [instant, rows] of groups) {
    const users = rows.map((row) => labels.userIds[row] ?? 0);
    const part = inputTable(
      await readFeatures({ features, users, asOf: new Date(instant) }),
      inputs,
    );
    for (const [from, to] of rows.entries()) {
      numeric.set(part.numeric.subarray(from * width, (from + 1) * width), to * width);
      for (let j = 0; j < textWidth; j++)
        categorical[to * textWidth + j] = part.categorical[from * textWidth + j] ?? '';
    }
  }
  return { rows: labels.userIds.length, ...inputs, numeric, categorical };
}

function groupByInstant(asOf: readonly Date[]): Map<number, number[]> {
  const exact = groupRows(asOf, (at) => at);
  return exact.size <= MAX_INSTANTS ? exact : groupRows(asOf, (at) => at - (at % DAY_MS));
}

function groupRows(
  asOf: readonly Date[],
  instantOf: (at: number) => number,
): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [row, at] of asOf.entries()) {
    const instant = instantOf(at.getTime());
    const rows = groups.get(instant);
    if (rows) rows.push(row);
    else groups.set(instant, [row]);
  }
  return groups;
}
