import type { FeatureColumn, FeatureRows } from '../feature/read-features.js';
import type { FirstEventMatters } from '../feature/stretch.js';
import { DAY_MS } from '../kernel/clock.js';
import { inputTable, type ModelInputs } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import { pickRows, type FeatureTable } from '../numeric/table.js';

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
  const isEligible = eligibilityCheck(features, model.spec.eligible.minAgeDays, asOf);
  // everyone is the rule: a list of rows is made where somebody is not
  let eligible: number[] | null = null;
  for (let row = 0; row < features.rows; row += 1)
    if (isEligible(row, knowsAttribute)) eligible?.push(row);
    else eligible ??= Array.from({ length: row }, (_, before) => before);
  if (eligible === null) return { userIds: features.userIds, table };
  return {
    userIds: Float64Array.from(eligible, (row) => features.userIds[row] ?? NaN),
    table: pickRows(table, eligible),
  };
}

/** Whether `eligibilityOf` of a row says ELIGIBLE, in numbers: the rows are everyone. Nobody is where people were not read. */
function eligibilityCheck(
  { people }: FeatureRows,
  minAgeDays: number,
  asOf: Date,
): (row: number, knowsAttribute: (row: number) => boolean) => boolean {
  if (!people) return () => false;
  const { consentProfiling, registeredAt, firstEventAt } = people;
  const latest = asOf.getTime() - minAgeDays * DAY_MS;
  return (row, knowsAttribute) => {
    if (consentProfiling[row] !== 1) return false;
    const registered = registeredAt[row] ?? NaN;
    const first = firstEventAt[row] ?? NaN;
    if (Number.isNaN(first) && !knowsAttribute(row)) return false;
    const isOfUnknownAge = Number.isNaN(registered) && Number.isNaN(first);
    return isOfUnknownAge || registered <= latest || first <= latest;
  };
}

/**
 * Of whom `eligibilityOf` asks for the first event: of those who agreed to profiling and are not known to be old enough, or of
 * whom no attribute is known.
 */
export function firstEventMatters(
  { model, features }: Pick<ServedModel, 'model' | 'features'>,
  asOf: Date,
): FirstEventMatters {
  const latest = asOf.getTime() - model.spec.eligible.minAgeDays * DAY_MS;
  const names = features
    .filter(({ definition }) => definition.kind === 'attribute')
    .map(({ name }) => name);
  return ({ people, columns }, row) => {
    if (people.consentProfiling[row] !== 1) return false;
    const isOld = (people.registeredAt[row] ?? NaN) <= latest;
    if (!isOld) return true;
    for (const name of names) if (isKnown(columns.get(name), row)) return false;
    return true;
  };
}

function isKnown(column: FeatureColumn | undefined, row: number): boolean {
  if (column instanceof Float64Array) return !Number.isNaN(column[row] ?? NaN);
  return Boolean(column?.[row]);
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
  return (row) => {
    for (const column of numbers)
      if (!Number.isNaN(table.numeric[row * width + column] ?? NaN)) return true;
    for (const column of texts) if (table.categorical[row * high + column] !== '') return true;
    return false;
  };
}
