import type { Classifier } from '../../numeric/classifier.js';

/**
 * What a version can tell apart of each numerical input, in their order: the thresholds of its trees, ascending.
 * Two rows whose numbers lie between the same thresholds, the same ones missing, with equal categories, get the
 * same score and the same reasons.
 */
export type Thresholds = readonly Float32Array[];

/** Null for what is not made of trees alone: any change of a number may change its score. Cost: O(nodes log nodes). */
export function thresholdsOf(classifier: Classifier | null): Thresholds | null {
  if (!classifier) return null;
  const members =
    classifier.kind === 'blend'
      ? classifier.members.map((member) => member.classifier)
      : [classifier];
  const found = classifier.encoding.numericNames.map(() => new Set<number>());
  for (const member of members) {
    if (!('forest' in member)) return null;
    const { feature, threshold } = member.forest;
    // behind the numbers lie the columns of categories, laid out by each member in its own way
    for (const [node, column] of feature.entries())
      if (column >= 0) found[column]?.add(threshold[node] ?? NaN);
  }
  return found.map((thresholds) => Float32Array.from(thresholds).sort());
}

/** Whether two numbers lie between the same thresholds, or are both missing; a tree goes left up to its threshold. */
export function sameSide(thresholds: Float32Array, a: number, b: number): boolean {
  if (Object.is(a, b)) return true;
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  return below(thresholds, a) === below(thresholds, b);
}

/** Thresholds below a number. */
function below(thresholds: Float32Array, value: number): number {
  let from = 0;
  let until = thresholds.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if ((thresholds[middle] ?? Infinity) < value) from = middle + 1;
    else until = middle;
  }
  return from;
}
