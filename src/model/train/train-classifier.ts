import { scaleMargins } from '../../numeric/calibration.js';
import { predictClassifier } from '../../numeric/classifier-predict.js';
import type { Classifier } from '../../numeric/classifier.js';
import { pickRows } from '../../numeric/table.js';
import { judgeClassifier } from '../judge/judge-classifier.js';
import { chooseThreshold, type Scored } from '../judge/threshold-table.js';
import { distilScoreCard } from '../score-card/distil-score-card.js';
import type { ScoreCard } from '../score-card/score-card.js';
import { calibrate, calibrated, type CalibrationReport } from './calibrate.js';
import { checkTrainingInput, findIgnoredFeatures } from './check-input.js';
import { dataHash } from './data-hash.js';
import { foldsOf, pick, searchRows, splitRows } from './fold-data.js';
import { measureImportances } from './importances.js';
import { refit, type Refit } from './refit.js';
import { runTrialsHere } from './run-trial.js';
import { blendReport, crossValidationMetrics, reportTrials } from './search-report.js';
import type { Trial } from './search.js';
import { choose, type Chosen } from './stack-choice.js';
import type {
  IgnoredFeature,
  TrainingInput,
  TrainingOptions,
  TrainingProgress,
  TrainingReport,
  TrainingResult,
} from './training.js';
import type { RunTrials } from './trial.js';
import { blankFeatures } from './twins.js';

export interface TrainingHooks {
  onProgress?: (progress: TrainingProgress) => void;
  /** Any steady clock, milliseconds; for the seconds in the report. */
  now: () => number;
  /** Who does the trials; absent: this thread, one after the other. They see the folds of `foldsOf(input)`. */
  runTrials?: RunTrials;
  /** Ends the fit of the choice, and its threads, at once. */
  signal?: AbortSignal;
}

/** Row numbers of the training part and of the test part, and what the training part cannot teach. */
interface Parts {
  train: number[];
  test: number[];
  ignoredFeatures: IgnoredFeature[];
}

/** What the search found, all of it out of fold. */
interface Found {
  trials: Trial[];
  chosen: Chosen;
  calibration: CalibrationReport | null;
  /** On the scale of the finished classifier. */
  outOfFold: Scored;
  /** Positive iff probability >= threshold. */
  threshold: number;
}

/**
 * Chooses a classifier, or a blend of several, by stratified cross-validation inside the training part (rows that are
 * not `isTestRow`), fits the choice on the whole training part, calibrates it where that lowers the log loss out of
 * fold, and measures it on the test part, which decides nothing. Deterministic for equal input, apart from the seconds,
 * whoever does the trials. Blocks its thread for what it does itself: use `trainInWorker` in a server.
 * Rejects with AppError INVALID for input that cannot be trained on; the message names the bound. With the signal's reason
 * when aborted
 */
export async function trainClassifier(
  input: TrainingInput,
  hooks: TrainingHooks,
): Promise<TrainingResult> {
  const startedAt = hooks.now();
  const progress = (share: number, stage: string) => hooks.onProgress?.({ share, stage });
  checkTrainingInput(input);
  const { table, labels } = input;
  progress(0, 'preparing folds');
  const rows = splitRows(table.rows);
  const parts = { ...rows, ignoredFeatures: findIgnoredFeatures(table, rows.train) };
  const found = await findChoice(input, parts, hooks, (share) =>
    progress(0.02 + 0.85 * share, 'searching'),
  );
  const fitted = await fitChoice(input, parts, found, hooks.signal, (share) =>
    progress(0.87 + 0.08 * share, 'fitting the choice'),
  );
  progress(0.95, 'measuring');
  const report = reportOf(input, parts, found, fitted);
  const seconds = (hooks.now() - startedAt) / 1000;
  progress(1, 'trained');
  return {
    classifier: fitted.classifier,
    algorithm: found.chosen.algorithm,
    hyperparameters: found.chosen.hyperparameters,
    threshold: found.threshold,
    trainingRows: parts.train.length,
    testRows: parts.test.length,
    dataHash: dataHash(table, labels),
    report: { ...report, seconds },
  };
}

/** The choice, its calibration and its threshold, from out-of-fold margins alone. */
async function findChoice(
  input: TrainingInput,
  { train }: Parts,
  hooks: TrainingHooks,
  onShare: (share: number) => void,
): Promise<Found> {
  const { options } = input;
  const labels = pick(input.labels, searchRows(train, options.seed));
  const folds = foldsOf(input);
  const runTrials = hooks.runTrials ?? runTrialsHere(folds, hooks.now);
  const { trials, chosen } = await choose(options, folds, labels, runTrials, onShare);
  const calibration = calibrationOf(options, chosen, labels);
  const by = calibration?.applied ? calibration : { slope: 1, intercept: 0 };
  const outOfFold = { labels, margins: calibrated(chosen.outOfFold, by) };
  const threshold = chooseThreshold(options.thresholdRule, outOfFold);
  return { trials, chosen, calibration, outOfFold, threshold };
}

/** Null where the spec wants none. */
function calibrationOf(
  { calibration }: TrainingOptions,
  { outOfFold, foldOf }: Chosen,
  labels: Uint8Array,
): CalibrationReport | null {
  return calibration === 'none' ? null : calibrate(outOfFold, labels, foldOf);
}

/** The choice fitted on the whole training part, calibration folded in. */
async function fitChoice(
  { table, labels }: TrainingInput,
  { train, ignoredFeatures }: Parts,
  { chosen, calibration }: Found,
  signal: AbortSignal | undefined,
  onShare: (share: number) => void,
): Promise<Refit> {
  const twins = ignoredFeatures.filter(({ reason }) => reason === 'TWIN');
  const blank = blankFeatures(table, new Set(twins.map(({ feature }) => feature)));
  const hooks = { onShare, signal };
  const fitted = await refit(chosen.choices, blank, train, pick(labels, train), hooks);
  if (!calibration?.applied) return fitted;
  return { ...fitted, classifier: scaleMargins(fitted.classifier, calibration) };
}

function reportOf(
  input: TrainingInput,
  { train, test, ignoredFeatures }: Parts,
  { trials, chosen, calibration, outOfFold, threshold }: Found,
  { classifier, columnGain }: Refit,
): Omit<TrainingReport, 'seconds'> {
  const { table, labels, options, slices = [] } = input;
  const judged = judgeClassifier({
    ...{ classifier, table, labels, train, test, outOfFold, threshold, options, slices },
    ruleTable: input.ruleTable ?? table,
  });
  const { labels: searched, margins } = outOfFold;
  return {
    ...judged,
    metrics: [...judged.metrics, ...crossValidationMetrics(chosen, searched, margins, threshold)],
    importances: measureImportances(classifier, columnGain, table, train),
    trials: reportTrials(trials, chosen),
    ignoredFeatures,
    calibration,
    ...blendReport(chosen),
    searchedRows: searched.length,
    scoreCard: cardOf(input, classifier, train, test, threshold),
  };
}

/** What answers while the model cannot. */
function cardOf(
  { table, labels, options }: TrainingInput,
  classifier: Classifier,
  train: readonly number[],
  test: readonly number[],
  threshold: number,
): ScoreCard {
  return distilScoreCard({
    table,
    rows: train,
    margins: predictClassifier(classifier, pickRows(table, train)),
    testRows: test,
    testMargins: predictClassifier(classifier, pickRows(table, test)),
    testLabels: pick(labels, test),
    threshold,
    fallback: options.fallback,
  });
}
