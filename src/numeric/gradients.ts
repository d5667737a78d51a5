/**
 * First and second derivatives of the binary log loss, and their packed form for the histograms.
 *
 * A packed row is one float64 holding two integers: gradient * 2^26 + hessian, both counted in steps
 * of their own (`PackedScale`). A histogram cell then costs one addition instead of two, and because
 * integers below 2^53 add exactly, sums do not depend on their order and a sibling obtained by
 * subtraction is exactly the one that would have been built. The steps are chosen so that no sum can
 * overflow; rounding is stochastic, hence unbiased (Shi et al., Quantized Training of Gradient
 * Boosting Decision Trees, 2022, do with 3 bits; here an average row of 100,000 has about 9).
 * Only the choice of splits sees packed values; leaf values come from the unrounded ones.
 */
export interface PackedScale {
  /** Gradient of one step, > 0. */
  gradientStep: number;
  /** Hessian of one step, > 0. */
  hessianStep: number;
}

/** One packed gradient step: 2^26. */
export const GRADIENT_UNIT = 67108864;

/** Rows beyond this leave too few steps for an average row. */
export const MAX_ROWS = 16777216;

const CELLS_PER_UNIT = 64;
const BOUND = 32;

function sigmoidTable(): Float64Array {
  const table = new Float64Array(2 * BOUND * CELLS_PER_UNIT + 1);
  for (let i = 0; i < table.length; i++) {
    table[i] = 1 / (1 + Math.exp(BOUND - i / CELLS_PER_UNIT));
  }
  return table;
}

/** sigmoid(x), |x| clamped to 32, absolute error < 1e-9: third-order Taylor from a table. */
function sigmoidFrom(table: Float64Array, x: number): number {
  const clamped = x > BOUND ? BOUND : x < -BOUND ? -BOUND : x;
  const at = ((clamped + BOUND) * CELLS_PER_UNIT + 0.5) | 0;
  const d = clamped + BOUND - at / CELLS_PER_UNIT;
  const s = table[at]!;
  const slope = s * (1 - s);
  return s + d * slope * (1 + d * (0.5 - s + d * (1 / 6 - slope)));
}

/** Sums over rows; the gradients' without their sign. */
export interface GradientSums {
  gradient: number;
  hessian: number;
}

/**
 * A function that writes, for rows from..to-1, gradient = weight * (p - label) and
 * hessian = weight * p * (1 - p) with p = sigmoid(margin); float32. Cost: O(rows).
 */
export function createLogLossGradients(): (
  margins: Float64Array,
  labels: Uint8Array,
  weights: Float32Array,
  gradients: Float32Array,
  hessians: Float32Array,
  from: number,
  to: number,
) => GradientSums {
  const table = sigmoidTable();
  return (margins, labels, weights, gradients, hessians, from, to) => {
    let gradientSum = 0;
    let hessianSum = 0;
    for (let i = from; i < to; i++) {
      const p = sigmoidFrom(table, margins[i]!);
      const weight = weights[i]!;
      const gradient = weight * (p - labels[i]!);
      const hessian = weight * p * (1 - p);
      gradientSum += Math.abs(gradient);
      hessianSum += hessian;
      gradients[i] = gradient;
      hessians[i] = hessian;
    }
    return { gradient: gradientSum, hessian: hessianSum };
  };
}

/**
 * The steps for `rows` rows with these sums. Rounding adds at most one step a row (2 rows leave room for
 * float32 too): sums stay below 2^26 steps.
 */
export function packedScale(sums: GradientSums, rows: number): PackedScale {
  const room = GRADIENT_UNIT - 2 * rows - 2;
  return {
    gradientStep: sums.gradient > 0 ? sums.gradient / room : 1,
    hessianStep: sums.hessian > 0 ? sums.hessian / room : 1,
  };
}

/**
 * Packs rows from..to-1; `seed` (an integer of 32 bits) is that of the rounding and should differ between
 * parts. Rows of weight 0 pack to 0 or one step: leave them out of the histograms. Cost: O(rows).
 */
export function packGradients(
  gradients: Float32Array,
  hessians: Float32Array,
  scale: PackedScale,
  packed: Float64Array,
  seed: number,
  from: number,
  to: number,
): void {
  const gradientScale = 1 / scale.gradientStep;
  const hessianScale = 1 / scale.hessianStep;
  let state = seed | 1;
  for (let i = from; i < to; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const gradient = Math.floor(gradients[i]! * gradientScale + (state & 65535) / 65536);
    const hessian = Math.floor(hessians[i]! * hessianScale + (state >>> 16) / 65536);
    packed[i] = gradient * GRADIENT_UNIT + hessian;
  }
}

/**
 * A power of two by which numbers whose absolute values sum to at most `total` are multiplied before
 * they are rounded to integers (`toUnits`) and added: such sums are exact in float64, hence the same in
 * any order, and finer than float32 by far.
 */
export function exactUnits(total: number): number {
  if (!(total > 0)) return 1;
  return 2 ** Math.max(-1000, Math.min(1000, 50 - Math.ceil(Math.log2(total))));
}

const ROUNDER = 6755399441055744; // 1.5 * 2^52: beside it float64 has no room for a fraction

/** value * units to the nearest integer. */
export function toUnits(value: number, units: number): number {
  return value * units + ROUNDER - ROUNDER;
}
