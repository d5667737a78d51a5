import { regularisedBeta } from './special-functions.js';

export interface Correlation {
  /** -1..1; NaN where one side is constant. */
  r: number;
  /** Two-sided, of r = 0, by Student's t with pairs - 2 degrees of freedom; NaN where r is. */
  pValue: number;
  /** Pairs where both are known. */
  pairs: number;
}

/**
 * Pearson's product-moment correlation of `x` and `y`, shape [rows] each; with `y` of 0 and 1 it is the
 * point-biserial correlation. NaN is missing: only pairs where both are known count.
 * @throws RangeError if lengths differ or fewer than 3 pairs are known
 * Source: Pearson (1895); p by the t distribution, exact for normal data. Cost: O(rows), two passes.
 */
export function pearsonCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): Correlation {
  const { pairs, meanX, meanY } = meansOfPairs(x, y);
  let squaresX = 0;
  let squaresY = 0;
  let products = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    if (Number.isNaN(dx * dy)) continue;
    squaresX += dx * dx;
    squaresY += dy * dy;
    products += dx * dy;
  }
  // what is left of a constant column is rounding
  const isConstant = (squares: number, mean: number): boolean =>
    squares <= pairs * (1e-14 * mean) ** 2;
  if (isConstant(squaresX, meanX) || isConstant(squaresY, meanY))
    return { r: NaN, pValue: NaN, pairs };
  const r = Math.max(-1, Math.min(1, products / Math.sqrt(squaresX) / Math.sqrt(squaresY)));
  return { r, pValue: regularisedBeta((1 - r) * (1 + r), (pairs - 2) / 2, 0.5), pairs };
}

function meansOfPairs(x: ArrayLike<number>, y: ArrayLike<number>) {
  if (x.length !== y.length)
    throw new RangeError(`x and y must have equal lengths, got ${x.length} and ${y.length}`);
  let pairs = 0;
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]! * y[i]!)) continue;
    pairs++;
    sumX += x[i]!;
    sumY += y[i]!;
  }
  if (pairs < 3) throw new RangeError(`pairs must be >= 3, got ${pairs}`);
  return { pairs, meanX: sumX / pairs, meanY: sumY / pairs };
}
