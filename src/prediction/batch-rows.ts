import type { FeatureRows } from '../feature/read-features.js';
import { inputTable, type ModelInputs } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import { pickRows, type FeatureTable } from '../numeric/table.js';
import { factsOf } from './facts-of.js';
import { eligibilityOf } from './prediction.js';

/** Those of a stretch of customers who get a score, and what it is made from. */
export interface EligibleRows {
  /** In the order they were read. */
  userIds: Float64Array;
  table: FeatureTable;
}

/** Picks who is eligible from features that were read with `people`. Cost: O(rows x inputs). */
export function eligibleRows(
  features: FeatureRows,
  { model, inputs, features: definitions }: ServedModel,
  asOf: Date,
): EligibleRows {
  const table = inputTable(features, inputs);
  const knowsAttribute = attributeCheck(table, inputs, definitions);
  const { minAgeDays } = model.spec.eligible;
  const eligible: number[] = [];
  for (let row = 0; row < features.rows; row += 1) {
    const facts = factsOf(features, row);
    if (!facts) continue;
    const hasAttributes = knowsAttribute(row);
    if (eligibilityOf({ ...facts, hasAttributes }, minAgeDays, asOf) === 'ELIGIBLE')
      eligible.push(row);
  }
  if (eligible.length === features.rows) return { userIds: features.userIds, table };
  return {
    userIds: Float64Array.from(eligible, (row) => features.userIds[row] ?? NaN),
    table: pickRows(table, eligible),
  };
}

/** As `hasAttributes` of a row, without taking the row out of the table. */
function attributeCheck(
  table: FeatureTable,
  inputs: ModelInputs,
  features: ServedModel['features'],
): (row: number) => boolean {
  const names = new Set(
    features.filter(({ definition }) => definition.kind === 'attribute').map(({ name }) => name),
  );
  const at = (all: readonly string[]): number[] =>
    [...all.keys()].filter((index) => names.has(all[index] ?? ''));
  const numbers = at(inputs.numericNames);
  const texts = at(inputs.categoricalNames);
  const width = inputs.numericNames.length;
  const high = inputs.categoricalNames.length;
  return (row) =>
    numbers.some((column) => !Number.isNaN(table.numeric[row * width + column])) ||
    texts.some((column) => table.categorical[row * high + column] !== '');
}
