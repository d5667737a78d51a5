/** A rule for integrals over [0, 1]: sum of weights[q] * f(nodes[q]). */
export interface Quadrature {
  nodes: Float64Array;
  weights: Float64Array;
}

/**
 * Gauss-Legendre rule on [0, 1] with `n` nodes: exact for polynomials of degree <= 2n - 1.
 * Newton's method on the Legendre recurrence (Numerical Recipes, gauleg). Cost: O(n^2).
 * @throws RangeError unless n is an integer >= 1
 */
export function gaussLegendre(n: number): Quadrature {
  if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`n must be >= 1, got ${String(n)}`);
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let root = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let value = 1;
      let previous = 0;
      for (let k = 1; k <= n; k++) {
        const next = ((2 * k - 1) * root * value - (k - 1) * previous) / k;
        previous = value;
        value = next;
      }
      slope = (n * (root * value - previous)) / (root * root - 1);
      const change = value / slope;
      root -= change;
      if (Math.abs(change) < 1e-16) break;
    }
    nodes[i] = (1 - root) / 2;
    weights[i] = 1 / ((1 - root * root) * slope * slope);
  }
  return { nodes, weights };
}
