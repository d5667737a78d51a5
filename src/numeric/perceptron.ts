import type { PerceptronClassifier } from './classifier.js';
import type { DesignMatrix } from './table.js';

type Layers = Pick<
  PerceptronClassifier,
  'median' | 'mean' | 'scale' | 'hiddenWeights' | 'hiddenBias' | 'outputWeights' | 'outputBias'
>;

/** Margins of the rows, shape [rows]. Cost: O(rows x columns x hidden). */
export function perceptronMargins(layers: Layers, x: DesignMatrix): Float64Array {
  const { hiddenBias, outputWeights, outputBias } = layers;
  const margins = new Float64Array(x.rows);
  eachRow(layers, x, (row, _, drive) => {
    let margin = outputBias;
    for (let h = 0; h < drive.length; h++)
      margin += outputWeights[h]! * Math.max(0, hiddenBias[h]! + drive[h]!);
    margins[row] = margin;
  });
  return margins;
}

/** The margin of the mean training row: what the contributions of a row are counted from. */
export function perceptronBase({
  hiddenBias,
  outputWeights,
  outputBias,
}: Pick<Layers, 'hiddenBias' | 'outputWeights' | 'outputBias'>): number {
  return hiddenBias.reduce(
    (sum, bias, h) => sum + outputWeights[h]! * Math.max(0, bias),
    outputBias,
  );
}

/**
 * Integrated gradients along the straight line from the mean training row, row-major [rows, columns]. With one
 * hidden layer the integral has a closed form: a unit counts for the share of the line on which it is active.
 * A row's values plus `perceptronBase` are its margin, to rounding.
 * Source: Sundararajan, Taly, Yan, Axiomatic Attribution for Deep Networks (2017).
 */
export function perceptronContributions(layers: Layers, x: DesignMatrix): Float64Array {
  const { hiddenWeights, hiddenBias, outputWeights } = layers;
  const hidden = hiddenBias.length;
  const values = new Float64Array(x.rows * x.columns);
  const slope = new Float64Array(hidden);
  eachRow(layers, x, (row, z, drive) => {
    for (let h = 0; h < hidden; h++)
      slope[h] = outputWeights[h]! * activeShare(hiddenBias[h]!, drive[h]!);
    for (let j = 0; j < x.columns; j++) {
      if (z[j] === 0) continue;
      let sum = 0;
      for (let h = 0; h < hidden; h++) sum += slope[h]! * hiddenWeights[j * hidden + h]!;
      values[row * x.columns + j] = z[j]! * sum;
    }
  });
  return values;
}

/** Share of t in 0..1 for which bias + t x drive > 0. */
function activeShare(bias: number, drive: number): number {
  const end = bias + drive;
  if (bias > 0 && end > 0) return 1;
  if (bias <= 0 && end <= 0) return 0;
  return bias > 0 ? bias / -drive : end / drive;
}

/** Calls back with the standardised row and what it adds to each unit before its bias; both are reused. */
function eachRow(
  { median, mean, scale, hiddenWeights, hiddenBias }: Layers,
  x: DesignMatrix,
  visit: (row: number, z: Float64Array, drive: Float64Array) => void,
): void {
  const hidden = hiddenBias.length;
  const z = new Float64Array(x.columns);
  const drive = new Float64Array(hidden);
  for (let row = 0; row < x.rows; row++) {
    drive.fill(0);
    for (let j = 0; j < x.columns; j++) {
      const raw = x.values[row * x.columns + j]!;
      const value = Number.isNaN(raw) ? median[j]! : raw;
      z[j] = (value - mean[j]!) / scale[j]!;
      if (z[j] === 0) continue;
      for (let h = 0; h < hidden; h++) drive[h]! += z[j]! * hiddenWeights[j * hidden + h]!;
    }
    visit(row, z, drive);
  }
}
