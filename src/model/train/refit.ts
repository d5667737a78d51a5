import { fitAdditive, type AdditiveFit } from '../../numeric/additive-fit.js';
import { averageForests } from '../../numeric/average-forests.js';
import { blendOf } from '../../numeric/blend.js';
import { fitBoosting, type BoostingFit, type BoostingParameters } from '../../numeric/boosting.js';
import { fitCalibration, scaleForest, type Calibration } from '../../numeric/calibration.js';
import type { Classifier, Encoding, SingleClassifier } from '../../numeric/classifier.js';
import { designColumns, encode, fitEncoding } from '../../numeric/encoding.js';
import type { Forest } from '../../numeric/forest.js';
import { fitIsolationForest } from '../../numeric/isolation-forest.js';
import { defaultLogisticL1Parameters, fitLogisticL1 } from '../../numeric/logistic-l1.js';
import {
  defaultLogisticParameters,
  fitLogistic,
  type LogisticFit,
} from '../../numeric/logistic.js';
import { fitPerceptron } from '../../numeric/perceptron-fit.js';
import { predictMargin } from '../../numeric/predictor.js';
import { fitRandomForest } from '../../numeric/random-forest.js';
import {
  fitStandardisation,
  standardise,
  type StandardisedRows,
} from '../../numeric/standardise.js';
import type { DesignMatrix, FeatureTable } from '../../numeric/table.js';
import { fitBoostingParallel } from './boosting-threads.js';
import { atRounds, memberOf, type BoostingCandidate, type Candidate } from './candidates.js';
import type { Part } from './fold-data.js';

export type LinearCandidate = Extract<Candidate, { algorithm: 'logistic' }>;
export type NetworkCandidate = Extract<Candidate, { algorithm: 'perceptron' }>;
export type TreeCandidate = Exclude<Candidate, LinearCandidate | NetworkCandidate>;

/** A candidate that was chosen, with what the folds found for it. */
export interface Choice {
  candidate: Candidate;
  /** Trees of each boosted forest, epochs of a perceptron, >= 1; not used by the others. */
  rounds: number;
  /** Boosted forests to average, >= 1; not used by the others. */
  members: number;
  /** What puts a decision forest on log-odds; null for the others. */
  scale: Calibration | null;
  /** Of its margin in the sum; 1 for a choice that stands alone. */
  weight: number;
}

export interface Refit {
  classifier: Classifier;
  /** Split gain, or |weight|, of each design column; of a blend, the weighted sum of its members' shares. */
  columnGain: Float64Array;
}

export interface RefitHooks {
  /** The share that is done, 0..1. */
  onShare: (share: number) => void;
  /** Ends the threads of boosting at once, and what has not begun. */
  signal?: AbortSignal | undefined;
}

/**
 * Fits what was chosen on all given rows, preprocessing included: one classifier, or a blend of several. Large tables are
 * boosted by several threads; how many makes no difference to a bit.
 * @param choices at least 1
 * Rejects with the signal's reason when aborted
 */
export async function refit(
  choices: readonly Choice[],
  table: FeatureTable,
  rows: readonly number[],
  labels: Uint8Array,
  { onShare, signal }: RefitHooks,
): Promise<Refit> {
  const encoding = fitEncoding(table, rows);
  const x = encode(encoding, table, rows);
  const fits: SingleRefit[] = [];
  for (const [k, choice] of choices.entries()) {
    signal?.throwIfAborted();
    const hooks: RefitHooks = {
      onShare: (share) => {
        onShare((k + share) / choices.length);
      },
      signal,
    };
    fits.push(await refitOne(choice, encoding, x, labels, hooks));
  }
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

interface SingleRefit {
  classifier: SingleClassifier;
  columnGain: Float64Array;
}

async function refitOne(
  choice: Choice,
  encoding: Encoding,
  x: DesignMatrix,
  labels: Uint8Array,
  hooks: RefitHooks,
): Promise<SingleRefit> {
  const { candidate, rounds, scale } = choice;
  if (candidate.algorithm === 'logistic' && candidate.ranked) {
    const { forest, gain } = fitRanked(candidate, { x, labels }, null);
    return { classifier: { kind: 'forest', encoding, forest }, columnGain: gain };
  }
  if (candidate.algorithm === 'logistic') {
    const { median, mean, scale } = fitStandardisation(x, encoding.numericNames.length);
    const data = standardise(x, { median, mean, scale });
    const { weights, intercept } = fitLinear(candidate, data, labels, null);
    return {
      classifier: { kind: 'logistic', encoding, median, mean, scale, weights, intercept },
      columnGain: weights.map(Math.abs),
    };
  }
  if (candidate.algorithm === 'perceptron')
    return refitNetwork(atRounds(candidate, rounds), encoding, x, labels);
  if (candidate.algorithm === 'boosting')
    return refitBag(candidate, choice, encoding, { x, labels }, hooks);
  const { forest, gain } = growTrees(candidate, encoding, { x, labels }, null);
  const scaled = scale ? scaleForest(forest, scale) : forest;
  return { classifier: { kind: candidate.algorithm, encoding, forest: scaled }, columnGain: gain };
}

/** The mean of `members` boosted forests; their gains are summed. */
async function refitBag(
  candidate: BoostingCandidate,
  { rounds, members }: Choice,
  encoding: Encoding,
  { x, labels }: Part,
  { onShare, signal }: RefitHooks,
): Promise<SingleRefit> {
  const fits: BoostingFit[] = [];
  for (let member = 0; member < members; member++) {
    const parameters = parametersFor(atRounds(memberOf(candidate, member), rounds), encoding);
    const fit = await fitBoostingParallel(x, labels, parameters, {
      onRound: (round) => {
        onShare((member + round / rounds) / members);
      },
      ...(signal ? { signal } : {}),
    });
    fits.push(fit);
  }
  const columnGain = new Float64Array(x.columns).map((_, column) =>
    fits.reduce((sum, { gain }) => sum + (gain[column] ?? 0), 0),
  );
  const forest = averageForests(fits.map((fit) => fit.forest));
  return { classifier: { kind: 'boosting', encoding, forest }, columnGain };
}

/** Its gain is the sum of |weight into a unit x the unit's weight|. */
function refitNetwork(
  { parameters }: NetworkCandidate,
  encoding: Encoding,
  x: DesignMatrix,
  labels: Uint8Array,
): SingleRefit {
  const { median, mean, scale } = fitStandardisation(x, encoding.numericNames.length);
  const data = standardise(x, { median, mean, scale });
  const fit = fitPerceptron(data, labels, parameters);
  const { hiddenBias, outputWeights, outputBias } = fit;
  const hidden = outputWeights.length;
  const constant = constantColumns(x, median);
  // What never varied has first weights alone, which must not speak when it does.
  const hiddenWeights = fit.hiddenWeights.map((weight, at) =>
    constant[Math.floor(at / hidden)] === 1 ? 0 : weight,
  );
  const columnGain = new Float64Array(x.columns);
  hiddenWeights.forEach((weight, at) => {
    const column = Math.floor(at / hidden);
    const through = Math.abs(weight * (outputWeights[at % hidden] ?? 0));
    columnGain[column] = (columnGain[column] ?? 0) + through;
  });
  const layers = { hiddenWeights, hiddenBias, outputWeights, outputBias };
  return {
    classifier: { kind: 'perceptron', encoding, median, mean, scale, ...layers },
    columnGain,
  };
}

/** 1 for columns with one value, missing numbers being the median; shape [columns]. */
function constantColumns(x: DesignMatrix, median: Float32Array): Uint8Array {
  const valueAt = (row: number, column: number): number => {
    const value = x.values[row * x.columns + column] ?? NaN;
    return Number.isNaN(value) ? (median[column] ?? 0) : value;
  };
  return new Uint8Array(x.columns).map((_, column) => {
    for (let row = 1; row < x.rows; row++)
      if (valueAt(row, column) !== valueAt(0, column)) return 0;
    return 1;
  });
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

/** @param start a fit of the same rows to start from */
export function fitRanked(
  { c, positiveWeight = 1 }: LinearCandidate,
  { x, labels }: Part,
  start: LogisticFit | null,
): AdditiveFit {
  return fitAdditive(x, labels, { c, positiveWeight }, start ?? undefined);
}

interface GrownForest {
  /** Its sum is on log-odds. */
  forest: Forest;
  gain: Float64Array;
  /** Validation log loss after each round of boosting; else empty. */
  curve: Float64Array;
}

/**
 * Trees whose leaves add up to log-odds; those of a decision forest need a `scale` yet. Path lengths of an isolation
 * forest are scaled by the labels of its own rows, which it did not see.
 * @param validation rows that stop the boosting; null: all rounds
 */
export function growTrees(
  candidate: TreeCandidate,
  encoding: Encoding,
  { x, labels }: Part,
  validation: Part | null,
): GrownForest {
  const curve = new Float64Array(0);
  switch (candidate.algorithm) {
    case 'boosting': {
      const parameters = parametersFor(candidate, encoding);
      const fit = fitBoosting(x, labels, parameters, validation ? { validation } : {});
      return { forest: fit.forest, gain: fit.gain, curve: fit.validationLogLoss };
    }
    case 'forest': {
      const { forest, gain } = fitRandomForest(x, labels, candidate.parameters);
      const share = weightedShare(labels, candidate.parameters.positiveWeight);
      return { forest: votesToLogits(forest, share), gain, curve };
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

/** The parameters with the directions of the columns that `encoding` makes. */
function parametersFor(
  { parameters, monotone }: BoostingCandidate,
  encoding: Encoding,
): BoostingParameters {
  if (!monotone) return parameters;
  const directions = new Array<number>(designColumns(encoding)).fill(0);
  encoding.numericNames.forEach((name, column) => {
    directions[column] = monotone[name] ?? 0;
  });
  return { ...parameters, monotone: directions };
}

/** Rows of the overall share that each leaf of a decision forest is given beside its own. */
const priorRows = 30;

/**
 * A leaf adds the log-odds of its vote, drawn towards the share of all rows, instead of the vote: the mean of these ranks
 * better and is nearer to log-odds than a straight line through the mean vote. `crossScale` does the rest.
 */
function votesToLogits(forest: Forest, share: number): Forest {
  const value = forest.value.map((vote, node) => {
    if ((forest.feature[node] ?? 0) >= 0) return 0;
    const rows = forest.cover[node] ?? 0;
    const probability = (vote * forest.treeCount * rows + share * priorRows) / (rows + priorRows);
    return Math.fround(Math.log(probability / (1 - probability)) / forest.treeCount);
  });
  return { ...forest, value, baseValue: 0 };
}

function weightedShare(labels: Uint8Array, positiveWeight: number): number {
  const positives = positiveWeight * labels.reduce((sum, label) => sum + label, 0);
  return positives / (positives + labels.filter((label) => label === 0).length);
}

/** Platt scaling by the labels of the rows; a positive counts `positiveWeight` times. */
function toLogOdds(
  forest: Forest,
  scores: Float64Array,
  labels: Uint8Array,
  positiveWeight: number,
): Forest {
  const { slope, intercept } = fitCalibration(scores, labels);
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
