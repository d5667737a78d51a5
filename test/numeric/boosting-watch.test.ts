import { describe, expect, test } from 'vitest';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import { logLossOfMargins, weightedLogLossOfMargins } from '../../src/numeric/metrics.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import { syntheticClassification } from '../support/synthetic.js';

const { train, test: held } = syntheticClassification(3000);

/** What the weighted loss must be: as if every positive row were there `times` times. */
function copiedLoss(margins: Float64Array, times: number): number {
  const rows = Array.from(held.labels.keys()).flatMap((row) =>
    new Array<number>(held.labels[row] ? times : 1).fill(row),
  );
  return logLossOfMargins(
    Uint8Array.from(rows, (row) => held.labels[row] ?? 0),
    Float64Array.from(rows, (row) => margins[row] ?? NaN),
  );
}

function fit(positiveWeight: number, rounds: number, earlyStoppingRounds: number) {
  const shape = { maxDepth: 3, learningRate: 0.3, positiveWeight };
  const parameters = { ...defaultBoostingParameters, ...shape, rounds, earlyStoppingRounds };
  return fitBoosting(train.x, train.labels, parameters, { validation: held });
}

describe('the validation loss of weighted boosting', () => {
  test('a weight counts like copies of the row', () => {
    const margins = Float64Array.from(held.labels, (_, row) => Math.sin(row));
    expect(weightedLogLossOfMargins(held.labels, margins, 1)).toBe(
      logLossOfMargins(held.labels, margins),
    );
    expect(weightedLogLossOfMargins(held.labels, margins, 7)).toBeCloseTo(
      copiedLoss(margins, 7),
      12,
    );
  });

  test('the curve is on the scale that the forest was trained on', () => {
    const { forest, validationLogLoss } = fit(7, 25, 0);
    const margins = predictMargin(forest, held.x);
    expect(validationLogLoss).toHaveLength(25);
    expect(validationLogLoss.at(-1)).toBeCloseTo(copiedLoss(margins, 7), 6);
  });

  test('stops where the weighted loss is lowest, not where the margins still look like probabilities', () => {
    const { validationLogLoss: curve, bestRound } = fit(3, 300, 30);
    expect(bestRound).toBe(curve.indexOf(Math.min(...curve)) + 1);
    expect(curve).toHaveLength(bestRound + 30);
    const plain = Array.from(curve.keys(), (round) =>
      logLossOfMargins(held.labels, predictMargin(fit(3, round + 1, 0).forest, held.x)),
    );
    expect(plain.indexOf(Math.min(...plain)) + 1).not.toBe(bestRound);
  });
});
