import type { RandomForestParameters } from './random-forest-parameters.js';

/** The rows of a node by their bin of one column, bins ascending, and those whose value is missing. */
export interface BinGroups {
  /** Groups in use; the arrays have room for 256. */
  count: number;
  bin: Int32Array;
  /** Draws with label 0 and with label 1 in each group. */
  negative: Int32Array;
  positive: Int32Array;
  missingNegative: number;
  missingPositive: number;
}

/** Rows whose bin is <= `bin` go left; rows of the missing bin go left iff `missingLeft`. */
export interface VoteSplit {
  /** Purity of both sides together; -Infinity = no split. */
  score: number;
  /** `allKnownLeft` where only the missing go right. */
  bin: number;
  missingLeft: boolean;
}

/** Above every bin. */
export const allKnownLeft = 255;

/** Weight x (highest impurity - impurity) of a node with these draws: what its split has to exceed. */
export type Purity = (negative: number, positive: number) => number;

/** Overwrites `out` with the best split of the groups, given all draws of the node. */
export type FindVoteSplit = (
  groups: BinGroups,
  negative: number,
  positive: number,
  out: VoteSplit,
) => void;

type SplitParameters = Pick<
  RandomForestParameters,
  'criterion' | 'positiveWeight' | 'minRowsInLeaf' | 'extraRandom'
>;

export function createGroups(): BinGroups {
  return {
    count: 0,
    bin: new Int32Array(256),
    negative: new Int32Array(256),
    positive: new Int32Array(256),
    missingNegative: 0,
    missingPositive: 0,
  };
}

/** Gini: (n^2 + p^2) / (n + p). Entropy (natural log): n ln n + p ln p - (n + p) ln(n + p). */
export function createPurity({ criterion, positiveWeight }: SplitParameters): Purity {
  if (criterion === 'gini') {
    return (negative, positive) => {
      const p = positiveWeight * positive;
      return (negative * negative + p * p) / (negative + p);
    };
  }
  const xLogX = (x: number): number => (x > 0 ? x * Math.log(x) : 0);
  return (negative, positive) => {
    const p = positiveWeight * positive;
    return xLogX(negative) + xLogX(p) - xLogX(negative + p);
  };
}

/**
 * A search for the purest split of one column that leaves each side minRowsInLeaf draws. Between two groups the
 * border lies in the middle of the empty bins; the first of equal ones wins. With `extraRandom` one border is drawn,
 * uniformly in bins, and only the side of the missing is chosen.
 * Cost: O(groups).
 */
export function createSplitFinder(
  parameters: SplitParameters,
  purity: Purity,
  random: () => number,
): FindVoteSplit {
  const { minRowsInLeaf, extraRandom } = parameters;

  /** Tries the border with these known draws left of it, the missing on either side. */
  const consider = (
    groups: BinGroups,
    negative: number,
    positive: number,
    known: number,
    knownPositive: number,
    bin: number,
    out: VoteSplit,
  ): void => {
    const { missingNegative, missingPositive } = groups;
    const missing = missingNegative + missingPositive;
    const all = negative + positive;
    if (known >= minRowsInLeaf && all - known >= minRowsInLeaf) {
      const knownNegative = known - knownPositive;
      const score =
        purity(knownNegative, knownPositive) +
        purity(negative - knownNegative, positive - knownPositive);
      if (score > out.score) {
        out.score = score;
        out.bin = bin;
        out.missingLeft = missing === 0 && 2 * known >= all;
      }
    }
    if (missing === 0) return;
    const left = known + missing;
    if (left < minRowsInLeaf || all - left < minRowsInLeaf) return;
    const leftPositive = knownPositive + missingPositive;
    const leftNegative = left - leftPositive;
    const score =
      purity(leftNegative, leftPositive) + purity(negative - leftNegative, positive - leftPositive);
    if (score > out.score) {
      out.score = score;
      out.bin = bin;
      out.missingLeft = true;
    }
  };

  return (groups, negative, positive, out) => {
    out.score = -Infinity;
    const { bin, count } = groups;
    if (count === 0) return;
    const low = bin[0]!;
    const high = bin[count - 1]!;
    const border =
      extraRandom && high > low ? low + Math.floor(random() * (high - low)) : allKnownLeft;
    let known = 0;
    let knownPositive = 0;
    for (let group = 0; group < count; group++) {
      known += groups.negative[group]! + groups.positive[group]!;
      knownPositive += groups.positive[group]!;
      const next = group + 1 < count ? bin[group + 1]! : allKnownLeft + 1;
      if (extraRandom && border >= next) continue;
      const middle = next > allKnownLeft ? allKnownLeft : (bin[group]! + next - 1) >> 1;
      const at = extraRandom ? border : middle;
      consider(groups, negative, positive, known, knownPositive, at, out);
      if (extraRandom) return;
    }
  };
}
