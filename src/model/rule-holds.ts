import type { CardCell } from './score-card/score-card.js';
import type { InputCondition } from './spec-parts.js';

/** Whether all conditions hold; a missing value, and an input that is not there, meets none. */
export function ruleHolds(
  when: readonly InputCondition[],
  cell: (feature: string) => CardCell,
): boolean {
  return when.every((condition) => conditionHolds(condition, cell(condition.feature)));
}

function conditionHolds({ gt, gte, lt, lte, in: among }: InputCondition, value: CardCell): boolean {
  if (value === null || Number.isNaN(value)) return false;
  if (among && !among.some((each) => each === value || Number(each) === value)) return false;
  if (typeof value === 'string') return among !== undefined;
  return (
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte)
  );
}
