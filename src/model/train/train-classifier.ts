import { predictClassifier } from '../../numeric/classifier-predict.js';
import type { Classifier } from '../../numeric/classifier.js';
import { calibrationCurve, precisionRecallCurve, rocCurve } from '../../numeric/curves.js';
import { confusionAt, sigmoid } from '../../numeric/metrics.js';
import { pickRows } from '../../numeric/table.js';
import { bestF1, sweepThresholds } from '../../numeric/threshold-sweep.js';
import { hyperparametersOf, listCandidates } from './candidates.js';
import { checkTrainingInput, findIgnoredFeatures } from './check-input.js';
import { dataHash } from './data-hash.js';
import { checkTargets, metricsOf } from './evaluate.js';
import { foldsOf, pick, searchRows, splitRows, type Fold } from './fold-data.js';
import { measureImportances } from './importances.js';
import { refit } from './refit.js';
import { runTrialsHere } from './run-trial.js';
import {
  commonRound,
  isBagWorthwhile,
  meanOf,
  ranked,
  search,
  selectionLogLoss,
  standardErrorOf,
  tryBag,
  type Trial,
} from './search.js';
import type {
  MetricName,
  ReportMetric,
  ThresholdRule,
  TrainingInput,
  TrainingOptions,
  TrainingProgress,
  TrainingReport,
  TrainingResult,
  TrialReport,
} from './training.js';
import type { RunTrials } from './trial.js';

export interface TrainingHooks {
  onProgress?: (progress: TrainingProgress) => void;
  /** Any steady clock, milliseconds; for the seconds in the report. */
  now: () => number;
  /** Who does the trials; absent: this thread, one after the other. They see the folds of `foldsOf(input)`. */
  runTrials?: RunTrials;
}

/** Share of the work that the search is, for the progress bar. */
const searchShare = 0.75;
const bagShare = 0.1;

/**
 * Chooses an algorithm and its hyperparameters by stratified cross-validation inside the training part
 * (rows that are not `isTestRow`), fits the choice on the whole training part, and measures it on the
 * test part, which decides nothing. Deterministic for equal input, apart from the seconds, whoever does the
 * trials. Blocks its thread for what it does itself: use `trainInWorker` in a server.
 * Rejects with AppError INVALID for input that cannot be trained on; the message names the bound
 */
export async function trainClassifier(
  input: TrainingInput,
  hooks: TrainingHooks,
): Promise<TrainingResult> {
  const startedAt = hooks.now();
  const progress: Progress = (share, stage) => hooks.onProgress?.({ share, stage });
  checkTrainingInput(input);
  const { table, labels, options } = input;
  progress(0, 'preparing folds');
  const { train, test } = splitRows(table.rows);
  const ignoredFeatures = findIgnoredFeatures(table, train);
  const searched = searchRows(train, options.seed);
  const folds = foldsOf(input);
  const runTrials = hooks.runTrials ?? runTrialsHere(folds, hooks.now);
  const { trials, chosen } = await choose(options, folds, runTrials, progress);
  const outOfFold = collectMargins(chosen, folds, searched.length);
  const searchedLabels = pick(labels, searched);
  const threshold = chooseThreshold(options.thresholdRule, searchedLabels, outOfFold);
  const rounds = finalRounds(chosen);
  const { candidate, members } = chosen;
  const { classifier, columnGain } = refit(
    candidate,
    rounds,
    members,
    table,
    train,
    pick(labels, train),
    (share) => progress(0.87 + 0.08 * share, 'fitting the choice'),
  );
  progress(0.95, 'measuring');
  const measured = measure(classifier, threshold, input, train, test);
  const report: TrainingReport = {
    ...measured,
    metrics: [
      ...measured.metrics,
      ...crossValidationMetrics(chosen, searchedLabels, outOfFold, threshold),
    ],
    importances: measureImportances(classifier, columnGain, table, train),
    trials: trials.map((trial) => reportTrial(trial, trial === chosen)),
    ignoredFeatures,
    seconds: (hooks.now() - startedAt) / 1000,
  };
  const result: TrainingResult = {
    classifier,
    algorithm: candidate.algorithm,
    hyperparameters: hyperparametersOf(candidate, rounds, members),
    threshold,
    trainingRows: train.length,
    testRows: test.length,
    dataHash: dataHash(table, labels),
    report,
  };
  progress(1, 'trained');
  return result;
}

type Progress = (share: number, stage: string) => void;

/** Searches, then tries the winner as a bag. */
async function choose(
  options: TrainingOptions,
  folds: readonly Fold[],
  runTrials: RunTrials,
  progress: Progress,
): Promise<{ trials: Trial[]; chosen: Trial }> {
  const trials = await search(listCandidates(options), folds, options.selectionMetric, {
    runTrials,
    onShare: (share) => {
      progress(0.02 + share * searchShare, 'searching');
    },
  });
  const best = ranked(trials, options.selectionMetric)[0];
  if (!best) throw new RangeError('no candidate was tried');
  if (best.candidate.algorithm !== 'boosting') return { trials, chosen: best };
  const bag = await tryBag(best, folds, {
    runTrials,
    onShare: (share) => {
      progress(0.02 + searchShare + share * bagShare, 'bagging');
    },
  });
  return { trials: [...trials, bag], chosen: isBagWorthwhile(best, bag) ? bag : best };
}

/** What the finished classifier does on its own training rows and on the test part. */
function measure(
  classifier: Classifier,
  threshold: number,
  { table, labels, options }: TrainingInput,
  train: readonly number[],
  test: readonly number[],
) {
  const trainLabels = pick(labels, train);
  const trainMargins = predictClassifier(classifier, pickRows(table, train));
  const testLabels = pick(labels, test);
  const testMargins = predictClassifier(classifier, pickRows(table, test));
  const probabilities = testMargins.map(sigmoid);
  const testMetrics = metricsOf(testLabels, testMargins, threshold, 'TEST');
  const sweep = sweepThresholds(testLabels, probabilities);
  return {
    metrics: [...metricsOf(trainLabels, trainMargins, threshold, 'TRAIN'), ...testMetrics],
    confusionMatrix: confusionAt(testLabels, probabilities, threshold),
    rocCurve: rocCurve(sweep),
    precisionRecallCurve: precisionRecallCurve(sweep),
    calibrationCurve: calibrationCurve(testLabels, probabilities),
    baseline: baselineMetrics(trainLabels, testLabels, threshold),
    targets: checkTargets(options.targets, testMetrics),
  };
}

/** Out-of-fold margins in the order of the searched rows. */
function collectMargins(trial: Trial, folds: readonly Fold[], rows: number): Float64Array {
  const margins = new Float64Array(rows);
  folds.forEach((fold, index) => {
    const scores = trial.scores[index];
    fold.positions.forEach((position, k) => {
      margins[position] = scores?.margins[k] ?? Number.NaN;
    });
  });
  return margins;
}

function chooseThreshold(rule: ThresholdRule, labels: Uint8Array, margins: Float64Array): number {
  switch (rule.kind) {
    case 'fixed':
      return rule.value;
    case 'f1':
    case 'precision':
    case 'cost':
      return bestF1(sweepThresholds(labels, margins.map(sigmoid))).threshold;
  }
}

/** Rounds of the refit: those that were best for the folds together. */
function finalRounds(trial: Trial): number {
  if (trial.candidate.algorithm === 'logistic') return 0;
  return Math.max(1, commonRound(trial).rounds);
}

function foldMetrics(trial: Trial): ReportMetric[] {
  const aucs = trial.scores.map(({ auc }) => auc);
  const losses = trial.scores.map(({ logLoss }) => logLoss);
  const values: [MetricName, number][] = [
    ['auc', meanOf(aucs)],
    ['aucStandardError', standardErrorOf(aucs)],
    ['logLoss', selectionLogLoss(trial)],
    ['logLossStandardError', standardErrorOf(losses)],
  ];
  return values.map(([name, value]) => ({ name, split: 'CROSS_VALIDATION', value }));
}

/** AUC and log loss as means over the folds with standard errors, the rest of all folds together. */
function crossValidationMetrics(
  trial: Trial,
  labels: Uint8Array,
  margins: Float64Array,
  threshold: number,
): ReportMetric[] {
  const means = foldMetrics(trial);
  const together = metricsOf(labels, margins, threshold, 'CROSS_VALIDATION');
  return [...means, ...together.filter(({ name }) => !means.some((mean) => mean.name === name))];
}

function baselineMetrics(
  trainLabels: Uint8Array,
  testLabels: Uint8Array,
  threshold: number,
): ReportMetric[] {
  const prevalence = trainLabels.reduce((sum, label) => sum + label, 0) / trainLabels.length;
  const margins = new Float64Array(testLabels.length).fill(Math.log(prevalence / (1 - prevalence)));
  return metricsOf(testLabels, margins, threshold, 'TEST');
}

function reportTrial(trial: Trial, chosen: boolean): TrialReport {
  const { candidate, scores, seconds } = trial;
  const rounds = candidate.algorithm === 'boosting' ? commonRound(trial).rounds : 0;
  return {
    algorithm: candidate.algorithm,
    hyperparameters: hyperparametersOf(candidate, rounds, trial.members),
    metrics: foldMetrics(trial),
    folds: scores.length,
    seconds,
    chosen,
  };
}
