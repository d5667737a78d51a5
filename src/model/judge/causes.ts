import { sigmoid } from '../../numeric/metrics.js';
import type { Contributions } from '../../numeric/classifier.js';
import type { RiskBounds } from '../train/training.js';
import type { Cause } from './judgement.js';
import { groupsOf } from './slices.js';

/** Rows explained for the causes at most, evenly spaced among the test rows. */
export const maxCauseRows = 2000;
/** Features told of a group. */
const reasonsPerGroup = 5;
/** The dimension whose values are the bands of risk. */
export const RISK = 'risk';

/** At most `maxCauseRows` of 0..rows-1, evenly spaced. */
export function causePositions(rows: number): number[] {
  const count = Math.min(maxCauseRows, rows);
  return Array.from({ length: count }, (_, k) => Math.floor((k * rows) / count));
}

/**
 * Why groups score as they do: for each value with at least 30 explained rows, the five features with the largest
 * absolute mean contribution, in log-odds against the base value.
 * @param columns cover the explained rows, in their order
 */
export function judgeCauses(
  columns: readonly { dimension: string; values: readonly string[] }[],
  { inputs, values }: Contributions,
): Cause[] {
  return columns.flatMap(({ dimension, values: texts }) =>
    groupsOf(texts).map(([value, positions]) => ({
      dimension,
      value,
      rows: positions.length,
      reasons: inputs
        .map((feature, input) => {
          let [sum, size] = [0, 0];
          for (const at of positions) {
            const contribution = values[at * inputs.length + input] ?? 0;
            sum += contribution;
            size += Math.abs(contribution);
          }
          return {
            feature,
            meanContribution: sum / positions.length,
            meanAbsoluteContribution: size / positions.length,
          };
        })
        .filter(({ meanAbsoluteContribution }) => meanAbsoluteContribution > 0)
        .sort((a, b) => Math.abs(b.meanContribution) - Math.abs(a.meanContribution))
        .slice(0, reasonsPerGroup),
    })),
  );
}

/** The band of each row. */
export function riskColumn(margins: Float64Array, bands: RiskBounds) {
  const values = Array.from(margins, (margin) => {
    const probability = sigmoid(margin);
    if (probability >= bands.critical) return 'CRITICAL';
    if (probability >= bands.high) return 'HIGH';
    return probability >= bands.medium ? 'MEDIUM' : 'LOW';
  });
  return { dimension: RISK, values };
}
