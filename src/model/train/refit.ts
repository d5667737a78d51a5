import { averageForests } from '../../numeric/average-forests.js';
import { blendOf } from '../../numeric/blend.js';
import { fitBoosting } from '../../numeric/boosting.js';
import { fitCalibration, scaleForest } from '../../numeric/calibration.js';
import type { Classifier, Encoding, SingleClassifier } from '../../numeric/classifier.js';
import { encode, fitEncoding } from '../../numeric/encoding.js';
import type { Forest } from '../../numeric/forest.js';
import { fitIsolationForest } from '../../numeric/isolation-forest.js';
import { defaultLogisticL1Parameters, fitLogisticL1 } from '../../numeric/logistic-l1.js';
import {
  defaultLogisticParameters,
  fitLogistic,
  type LogisticFit,
} from '../../numeric/logistic.js';
import { predictMargin } from '../../numeric/predictor.js';
import { fitRandomForest } from '../../numeric/random-forest.js';
import {
  fitStandardisation,
  standardise,
  type StandardisedRows,
} from '../../numeric/standardise.js';
import type { DesignMatrix, FeatureTable } from '../../numeric/table.js';
import { memberOf, type Candidate } from './candidates.js';
import type { Part } from './fold-data.js';

export type LinearCandidate = Extract<Candidate, { algorithm: 'logistic' }>;
export type TreeCandidate = Exclude<Candidate, LinearCandidate>;

/** A candidate that was chosen, with what the folds found for it. */
export interface Choice {
  candidate: Candidate;
  /** Trees of each boosted forest, >= 1; not used by the others. */
  rounds: number;
  /** Boosted forests to average, >= 1; not used by the others. */
  members: number;
  /** Of its margin in the sum; 1 for a choice that stands alone. */
  weight: number;
}

export interface Refit {
  classifier: Classifier;
  /** Split gain, or |weight|, of each design column; of a blend, the weighted sum of its members' shares. */
  columnGain: Float64Array;
}

/**
 * Fits what was chosen on all given rows, preprocessing included: one classifier, or a blend of several.
 * @param choices at least 1
 */
export function refit(
  choices: readonly Choice[],
  table: FeatureTable,
  rows: readonly number[],
  labels: Uint8Array,
  onShare: (share: number) => void,
): Refit {
  const encoding = fitEncoding(table, rows);
  const x = encode(encoding, table, rows);
  const fits = choices.map((choice, k) =>
    refitOne(choice, encoding, x, labels, (share) => {
      onShare((k + share) / choices.length);
    }),
  );
  const [first] = fits;
  if (!first) throw new RangeError('nothing was chosen');
  if (fits.length === 1) return first;
  const columnGain = new Float64Array(x.columns);
  fits.forEach((fit, k) => {
    const total = fit.columnGain.reduce((sum, gain) => sum + gain, 0) || 1;
    const weight = choices[k]?.weight ?? 0;
    fit.columnGain.forEach((gain, j) => {
      columnGain[j] = (columnGain[j] ?? 0) + (weight * gain) / total;
    });
  });
  const members = fits.map(({ classifier }, k) => ({
    classifier,
    weight: choices[k]?.weight ?? 0,
  }));
  return { classifier: blendOf(members, 0), columnGain };
}

function refitOne(
  { candidate, rounds, members }: Choice,
  encoding: Encoding,
  x: DesignMatrix,
  labels: Uint8Array,
  onShare: (share: number) => void,
): { classifier: SingleClassifier; columnGain: Float64Array } {
  if (candidate.algorithm === 'logistic') {
    const { median, mean, scale } = fitStandardisation(x, encoding.numericNames.length);
    const data = standardise(x, { median, mean, scale });
    const { weights, intercept } = fitLinear(candidate, data, labels, null);
    return {
      classifier: { kind: 'logistic', encoding, median, mean, scale, weights, intercept },
      columnGain: weights.map(Math.abs),
    };
  }
  const kind = candidate.algorithm;
  if (candidate.algorithm !== 'boosting') {
    const { forest, gain } = growTrees(candidate, { x, labels }, null);
    return { classifier: { kind, encoding, forest }, columnGain: gain };
  }
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
  return { classifier: { kind, encoding, forest }, columnGain };
}

/** @param start a fit of the same columns to start from */
export function fitLinear(
  { c, l1Ratio = 0, positiveWeight = 1 }: LinearCandidate,
  data: StandardisedRows,
  labels: Uint8Array,
  start: LogisticFit | null,
): LogisticFit {
  const from = start ? { start } : {};
  return l1Ratio > 0
    ? fitLogisticL1(
        data,
        labels,
        { ...defaultLogisticL1Parameters, c, l1Ratio, positiveWeight },
        from,
      )
    : fitLogistic(data, labels, { ...defaultLogisticParameters, c, positiveWeight }, from);
}

interface GrownForest {
  /** Its sum is on log-odds. */
  forest: Forest;
  gain: Float64Array;
  /** Validation log loss after each round of boosting; else empty. */
  curve: Float64Array;
}

/**
 * Trees whose leaves add up to log-odds. Votes of a decision forest are scaled by what they were worth out of bag, path
 * lengths of an isolation forest by the labels of its own rows, which it did not see.
 * @param validation rows that stop the boosting; null: all rounds
 */
export function growTrees(
  candidate: TreeCandidate,
  { x, labels }: Part,
  validation: Part | null,
): GrownForest {
  const curve = new Float64Array(0);
  switch (candidate.algorithm) {
    case 'boosting': {
      const fit = fitBoosting(x, labels, candidate.parameters, validation ? { validation } : {});
      return { forest: fit.forest, gain: fit.gain, curve: fit.validationLogLoss };
    }
    case 'forest': {
      const { forest, oobVotes, gain } = fitRandomForest(x, labels, candidate.parameters);
      const { positiveWeight } = candidate.parameters;
      return { forest: toLogOdds(forest, oobVotes, labels, positiveWeight), gain, curve };
    }
    case 'isolation': {
      const { forest } = fitIsolationForest(x, candidate.parameters);
      // Short paths stand out: what grows with the oddness of a row is the negative length.
      const odd = scaleForest(forest, { slope: -1, intercept: 0 });
      const scaled = toLogOdds(odd, predictMargin(odd, x), labels, candidate.positiveWeight);
      return { forest: scaled, gain: splitCounts(forest, x.columns), curve };
    }
  }
}

/** Platt scaling by the rows with a score; a positive counts `positiveWeight` times. */
function toLogOdds(
  forest: Forest,
  scores: Float64Array,
  labels: Uint8Array,
  positiveWeight: number,
): Forest {
  const known = scores.map((score) => (Number.isNaN(score) ? 0 : 1));
  const { slope, intercept } = fitCalibration(
    scores.filter((_, row) => known[row] === 1),
    labels.filter((_, row) => known[row] === 1),
  );
  return scaleForest(forest, { slope, intercept: intercept + Math.log(positiveWeight) });
}

/** How often each column is split, weighted by the rows there: isolation has no gain. */
function splitCounts(forest: Forest, columns: number): Float64Array {
  const counts = new Float64Array(columns);
  forest.feature.forEach((column, node) => {
    if (column >= 0) counts[column] = (counts[column] ?? 0) + (forest.cover[node] ?? 0);
  });
  return counts;
}
