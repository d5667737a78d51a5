const SMALLEST = 2 ** -1022;
const LARGEST = 1 - 2 ** -53;

/** Sigmoid of a margin (log-odds) in float64; never exactly 0 or 1, so that its logit is finite. NaN stays NaN. */
export function probabilityOf(margin: number): number {
  return inside(1 / (1 + Math.exp(-margin)));
}

/** Log-odds of a probability in [0, 1]; the ends give the largest finite margins. NaN stays NaN. */
export function marginOf(probability: number): number {
  const p = inside(probability);
  return Math.log(p) - Math.log1p(-p);
}

function inside(probability: number): number {
  return Math.min(Math.max(probability, SMALLEST), LARGEST);
}
