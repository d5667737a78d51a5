import { describe, expect, test } from 'vitest';
import { gaussLegendre } from '../../src/numeric/quadrature.js';

describe('Gauss-Legendre quadrature', () => {
  test('two nodes by hand: (1 -+ 1/sqrt 3) / 2, half each', () => {
    const { nodes, weights } = gaussLegendre(2);
    expect(nodes[0]).toBeCloseTo((1 - 1 / Math.sqrt(3)) / 2, 15);
    expect(nodes[1]).toBeCloseTo((1 + 1 / Math.sqrt(3)) / 2, 15);
    expect(weights[0]).toBeCloseTo(0.5, 15);
  });

  test.each([1, 2, 3, 5, 8, 15])('%d nodes integrate t^k exactly up to 2n - 1', (n) => {
    const { nodes, weights } = gaussLegendre(n);
    for (let k = 0; k <= 2 * n - 1; k++) {
      const sum = nodes.reduce((total, node, q) => total + (weights[q] ?? 0) * node ** k, 0);
      expect(Math.abs(sum - 1 / (k + 1))).toBeLessThan(1e-14);
    }
  });

  test('refuses a rule without nodes', () => {
    expect(() => gaussLegendre(0)).toThrow(new RangeError('n must be >= 1, got 0'));
  });
});
