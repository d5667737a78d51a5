import { averageForests } from '../../numeric/average-forests.js';
import { fitBoosting } from '../../numeric/boosting.js';
import type { Classifier } from '../../numeric/classifier.js';
import { encode, fitEncoding } from '../../numeric/encoding.js';
import { defaultLogisticParameters, fitLogistic } from '../../numeric/logistic.js';
import { fitStandardisation, standardise } from '../../numeric/standardise.js';
import type { FeatureTable } from '../../numeric/table.js';
import { memberOf, type Candidate } from './candidates.js';

export interface Refit {
  classifier: Classifier;
  /** Split gain, or |weight|, of each design column. */
  columnGain: Float64Array;
}

/**
 * Fits the chosen candidate on all given rows, preprocessing included.
 * @param rounds trees of each forest, >= 1; not used by logistic regression, nor is `members`
 * @param members forests to average, >= 1
 */
export function refit(
  candidate: Candidate,
  rounds: number,
  members: number,
  table: FeatureTable,
  rows: readonly number[],
  labels: Uint8Array,
  onShare: (share: number) => void,
): Refit {
  const encoding = fitEncoding(table, rows);
  const x = encode(encoding, table, rows);
  switch (candidate.algorithm) {
    case 'boosting': {
      const fits = Array.from({ length: members }, (_, member) => {
        const { parameters } = memberOf(candidate, member);
        return fitBoosting(
          x,
          labels,
          { ...parameters, rounds, earlyStoppingRounds: 0 },
          {
            onRound: (round) => {
              onShare((member + round / rounds) / members);
            },
          },
        );
      });
      const columnGain = new Float64Array(x.columns).map((_, column) =>
        fits.reduce((sum, { gain }) => sum + (gain[column] ?? 0), 0),
      );
      const forest = averageForests(fits.map((fit) => fit.forest));
      return { classifier: { kind: 'boosting', encoding, forest }, columnGain };
    }
    case 'logistic': {
      const { median, mean, scale } = fitStandardisation(x, encoding.numericNames.length);
      const rowsOfModel = standardise(x, { median, mean, scale });
      const parameters = { ...defaultLogisticParameters, c: candidate.c };
      const { weights, intercept } = fitLogistic(rowsOfModel, labels, parameters);
      return {
        classifier: { kind: 'logistic', encoding, median, mean, scale, weights, intercept },
        columnGain: weights.map(Math.abs),
      };
    }
  }
}
