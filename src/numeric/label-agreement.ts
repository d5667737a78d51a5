import { crossTabulate, marginalsOf, type Contingency } from './chi-square.js';
import { mutualInformationOfCounts } from './mutual-information.js';

/** How well a grouping agrees with labels that were given. */
export interface LabelAgreement {
  /** Adjusted Rand index: 1 = the same, 0 = as by chance, may be negative. */
  ari: number;
  /** Mutual information over the mean of both entropies, 0..1. */
  nmi: number;
  /** 1: each group holds one class only. 0..1. */
  homogeneity: number;
  /** 1: each class lies in one group only. 0..1. */
  completeness: number;
}

/**
 * Agreement of `groups` with `classes`, shape [rows] each; the numbers mean nothing, negative ones are one more group
 * (noise). All 1 for no rows, as scikit-learn has it.
 * @throws RangeError if lengths differ
 * Source: Hubert & Arabie (1985); Rosenberg & Hirschberg (2007); scikit-learn's adjusted_rand_score,
 * normalized_mutual_info_score (arithmetic), homogeneity_score, completeness_score. Cost: O(rows + groups x classes).
 */
export function labelAgreement(
  classes: ArrayLike<number>,
  groups: ArrayLike<number>,
): LabelAgreement {
  const table = tableOfLabels(classes, groups);
  const { ofRow, ofColumn } = marginalsOf(table);
  const shared = mutualInformationOfCounts(table);
  const [ofClasses, ofGroups] = [entropyOf(ofRow), entropyOf(ofColumn)];
  const share = (entropy: number) => (entropy === 0 ? 1 : Math.min(1, shared / entropy));
  return {
    ari: adjustedRandOfCounts(table),
    nmi: share((ofClasses + ofGroups) / 2),
    homogeneity: share(ofClasses),
    completeness: share(ofGroups),
  };
}

/** Adjusted Rand index of two labellings, see `LabelAgreement`. @throws RangeError if lengths differ */
export function adjustedRandIndex(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return adjustedRandOfCounts(tableOfLabels(a, b));
}

function adjustedRandOfCounts(table: Contingency): number {
  const { ofRow, ofColumn, total } = marginalsOf(table);
  const sumOfSquares = (counts: Float64Array) =>
    counts.reduce((sum, count) => sum + count * count, 0);
  const both = sumOfSquares(table.counts);
  const together = both - total; // ordered pairs that are together in both
  const onlyA = sumOfSquares(ofRow) - both;
  const onlyB = sumOfSquares(ofColumn) - both;
  if (onlyA === 0 && onlyB === 0) return 1;
  const apart = total * total - both - onlyA - onlyB;
  return (
    (2 * (together * apart - onlyA * onlyB)) /
    ((together + onlyA) * (onlyA + apart) + (together + onlyB) * (onlyB + apart))
  );
}

/** How often each pair of labels occurs; codes in the order of their first row. */
function tableOfLabels(a: ArrayLike<number>, b: ArrayLike<number>): Contingency {
  const [left, right] = [codesOf(a), codesOf(b)];
  return crossTabulate(left.codes, left.count, right.codes, right.count);
}

function codesOf(labels: ArrayLike<number>): { codes: Int32Array; count: number } {
  const codes = new Int32Array(labels.length);
  const known = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    const label = Math.max(labels[i]!, -1);
    let code = known.get(label);
    if (code === undefined) known.set(label, (code = known.size));
    codes[i] = code;
  }
  return { codes, count: known.size };
}

function entropyOf(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let entropy = 0;
  for (const count of counts) if (count > 0) entropy -= (count / total) * Math.log(count / total);
  return Math.max(0, entropy);
}
