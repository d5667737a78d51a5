import type { FeatureTable } from '../../numeric/table.js';
import type { BusinessRule, InputCondition } from '../spec-parts.js';
import type { RuleCheck } from './judgement.js';

/**
 * Holds rows against rules on who must not be called positive. A rule that names a feature which the table lacks cannot
 * be checked and is not met; one that covers no row is met.
 * @param rows of the table that are looked at
 * @param called whether each of `rows`, in their order, is called positive
 */
export function checkBusinessRules(
  rules: readonly BusinessRule[],
  table: FeatureTable,
  rows: readonly number[],
  called: readonly boolean[],
): RuleCheck[] {
  const known = new Set([...table.numericNames, ...table.categoricalNames]);
  return rules.map(({ name, when, tolerance, veto }) => {
    const unknown = [...new Set(when.map(({ feature }) => feature))].filter((f) => !known.has(f));
    const record = { name, tolerance, veto };
    if (unknown.length > 0)
      return { ...record, rows: 0, violations: 0, met: false, unknownFeatures: unknown };
    const tests = when.map((condition) => testOf(condition, table));
    let [covered, violations] = [0, 0];
    for (const [at, row] of rows.entries()) {
      if (!tests.every((test) => test(row))) continue;
      covered++;
      if (called[at]) violations++;
    }
    return { ...record, rows: covered, violations, met: violations <= tolerance * covered };
  });
}

/** Whether a row of the table meets a condition; a missing value meets none. */
function testOf(
  { feature, gt, gte, lt, lte, in: among }: InputCondition,
  table: FeatureTable,
): (row: number) => boolean {
  const text = table.categoricalNames.indexOf(feature);
  if (text >= 0) {
    const values = new Set(among);
    return (row) => {
      const value = table.categorical[row * table.categoricalNames.length + text] ?? '';
      return value !== '' && values.has(value);
    };
  }
  const column = table.numericNames.indexOf(feature);
  const numbers = among?.map(Number);
  return (row) => {
    const value = table.numeric[row * table.numericNames.length + column] ?? NaN;
    return (
      !Number.isNaN(value) &&
      (gt === undefined || value > gt) &&
      (gte === undefined || value >= gte) &&
      (lt === undefined || value < lt) &&
      (lte === undefined || value <= lte) &&
      (numbers === undefined || numbers.includes(value))
    );
  };
}
