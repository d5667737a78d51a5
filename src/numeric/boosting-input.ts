import type { BoostingOptions } from './boosting.js';
import { MAX_ROWS } from './gradients.js';
import { checkLabels, checkMatrix } from './labelled-rows.js';
import type { DesignMatrix } from './table.js';

/**
 * @throws RangeError for lengths that differ, labels other than 0 and 1, weights that are not finite or
 * negative, or more than 2^24 rows
 */
export function checkBoostingInput(
  x: DesignMatrix,
  labels: Uint8Array,
  options: Pick<BoostingOptions, 'weights' | 'validation'>,
): void {
  const { weights, validation } = options;
  if (x.rows > MAX_ROWS) {
    throw new RangeError(`rows must be <= ${String(MAX_ROWS)}, got ${String(x.rows)}`);
  }
  checkPart('training', x, labels);
  if (weights) {
    if (weights.length !== x.rows) {
      throw new RangeError(
        `weights must have ${String(x.rows)} rows, got ${String(weights.length)}`,
      );
    }
    const bad = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
    if (bad >= 0) {
      throw new RangeError(
        `weights must be finite and >= 0, got ${String(weights[bad])} in row ${String(bad)}`,
      );
    }
  }
  if (validation) {
    checkPart('validation', validation.x, validation.labels);
    if (validation.x.rows === 0) throw new RangeError('validation must have at least 1 row, got 0');
    if (validation.x.columns !== x.columns) {
      throw new RangeError(
        `validation must have ${String(x.columns)} columns, got ${String(validation.x.columns)}`,
      );
    }
  }
}

function checkPart(part: string, x: DesignMatrix, labels: Uint8Array): void {
  checkMatrix(x, 0, `${part} values`);
  checkLabels(part, x.rows, labels);
}

/** Weight of each row, positiveWeight in it. @throws RangeError for one beyond float32 */
export function trainingWeights(
  labels: Uint8Array,
  weights: Float64Array | undefined,
  positiveWeight: number,
): Float32Array {
  const result = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    result[i] = (weights ? weights[i]! : 1) * (labels[i] === 1 ? positiveWeight : 1);
    if (result[i] === Infinity) {
      throw new RangeError(`weight must fit float32, got one too large in row ${String(i)}`);
    }
  }
  return result;
}

/**
 * Log-odds of the weighted share of positives, float32.
 * @throws RangeError unless both labels are there
 */
export function logOdds(labels: Uint8Array, weights: Float32Array): number {
  let positive = 0;
  let negative = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) positive += weights[i]!;
    else negative += weights[i]!;
  }
  if (!(positive > 0 && negative > 0)) {
    const found = positive > 0 ? 'only label 1' : negative > 0 ? 'only label 0' : 'no rows';
    throw new RangeError(`labels must hold both 0 and 1 (with positive weight), got ${found}`);
  }
  return Math.fround(Math.log(positive / negative));
}
