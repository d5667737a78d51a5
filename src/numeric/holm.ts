/**
 * p-values of a family adjusted by Holm, in the order given: one at most alpha rejects with a chance of a false
 * rejection in the whole family of at most alpha, whatever the dependence. Source: Holm, Scand. J. Statist. 6 (1979).
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = pValues.map(() => 1);
  let largest = 0;
  for (const [rank, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[at]!));
    adjusted[at] = largest;
  }
  return adjusted;
}
