import type { FeatureTable } from '../../numeric/table.js';
import { ruleHolds } from '../rule-holds.js';
import { cellAt } from '../score-card/card-bins.js';
import type { BusinessRule } from '../spec-parts.js';
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
  const columns = new Map(
    [...table.numericNames, ...table.categoricalNames].map((name, column) => [name, column]),
  );
  return rules.map(({ name, when, tolerance, veto }) => {
    const unknown = [...new Set(when.map(({ feature }) => feature))].filter((f) => !columns.has(f));
    const record = { name, tolerance, veto };
    if (unknown.length > 0)
      return { ...record, rows: 0, violations: 0, met: false, unknownFeatures: unknown };
    let [covered, violations] = [0, 0];
    for (const [at, row] of rows.entries()) {
      if (!ruleHolds(when, (feature) => cellAt(table, row, columns.get(feature) ?? NaN))) continue;
      covered++;
      if (called[at]) violations++;
    }
    return { ...record, rows: covered, violations, met: violations <= tolerance * covered };
  });
}
