import { blend, blendGain } from './blend.js';
import { hyperparametersOf, listCandidates } from './candidates.js';
import { positiveWeightOf, shiftOf } from './class-weight.js';
import type { Fold } from './fold-data.js';
import type { Choice } from './refit.js';
import { scoreFold } from './run-trial.js';
import {
  isBagWorthwhile,
  meanOf,
  ranked,
  roundsOf,
  search,
  selectionLogLoss,
  settle,
  tryBag,
  type SearchHooks,
  type Trial,
} from './search.js';
import type { Algorithm, TrainingOptions } from './training.js';
import type { FoldScore, RunTrials } from './trial.js';

/** Trials that a blend picks from, at most: the best of each algorithm first. */
const mostInPool = 8;

/** What the search decided on. */
export interface Chosen {
  /** One, or the members of a blend, the heaviest first. */
  choices: Choice[];
  algorithm: Algorithm | 'blend';
  hyperparameters: Record<string, number>;
  scores: FoldScore[];
  /** Of the search's rows, in their order. */
  outOfFold: Float64Array;
  /** Fold of each row of the search. */
  foldOf: Uint8Array;
  /** The trial it is; null for a blend. */
  trial: Trial | null;
}

/** Shares of the work, for the progress bar: the search, what settles the best of it, the bag. */
const workShares = [0.7, 0.2, 0.1] as const;

/**
 * Searches, settles the best at one number of rounds, tries the best boosted forest as a bag, which takes its place where it
 * is better by `bagGain`, then a blend of them, which is kept where it is better than the best that stands alone by
 * `blendGain`. All compare by log loss out of fold, at the rounds of the refit.
 * @param labels of the rows of the search
 */
export async function choose(
  options: TrainingOptions,
  folds: readonly Fold[],
  labels: Uint8Array,
  runTrials: RunTrials,
  onShare: (share: number) => void,
): Promise<{ trials: Trial[]; chosen: Chosen }> {
  const positiveWeight = positiveWeightOf(options.classWeight, labels);
  const columns = folds[0]?.train.x.columns ?? 0;
  const candidates = listCandidates(options, positiveWeight, columns);
  const [whole, settling, bagging] = workShares;
  const hooks = (from: number, work: number): SearchHooks => ({
    runTrials,
    onShare: (share) => onShare(from + share * work),
  });
  const metric = options.selectionMetric;
  const searched = await search(candidates, folds, metric, hooks(0, whole));
  const finalists = poolOf(ranked(searched, metric), folds.length);
  await settle(finalists, folds, hooks(whole, settling));
  const ordered = ranked(finalists, metric);
  const boosted = ordered.find(({ candidate }) => candidate.algorithm === 'boosting');
  const bag = boosted ? await tryBag(boosted, folds, hooks(whole + settling, bagging)) : null;
  const [first] = ordered;
  if (!first) throw new RangeError('no candidate was tried');
  const best = bag && first === boosted && isBagWorthwhile(bag) ? bag.trial : first;
  const alone = chosenAlone(best, folds, labels.length);
  const pool = bag ? [...ordered, bag.trial] : ordered;
  return {
    trials: bag ? [...searched, bag.trial] : searched,
    chosen: chooseBlend(pool, alone, folds, labels) ?? alone,
  };
}

/** A blend that is worth its size against the best that stands alone; null where none is. */
function chooseBlend(
  pool: readonly Trial[],
  alone: Chosen,
  folds: readonly Fold[],
  labels: Uint8Array,
): Chosen | null {
  if (pool.length < 2) return null;
  // Class weights add the same to all: the selection sees margins without it.
  const shift = alone.trial ? shiftOf(alone.trial.candidate) : 0;
  const unshifted = pool.map((trial) =>
    collectMargins(trial.scores, folds, labels.length).map((margin) => margin - shift),
  );
  const { weights, margins, logLoss } = blend(unshifted, labels, alone.foldOf);
  const members = pool
    .map((trial, k) => ({ trial, weight: weights[k] ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const isWorthIt = logLoss < choiceLogLoss(alone) * (1 - blendGain);
  if (members.length < 2 || !isWorthIt) return null;
  const choices = members.map(({ trial, weight }) => choiceOf(trial, weight));
  const outOfFold = margins.map((margin) => margin + shift);
  const scores = folds.map((fold) => {
    const own = Float64Array.from(fold.positions, (position) => outOfFold[position] ?? NaN);
    return scoreFold(fold, own, new Float64Array(0), shift);
  });
  return {
    ...alone,
    choices,
    algorithm: 'blend',
    hyperparameters: hyperparametersOfBlend(choices),
    scores,
    outOfFold,
    trial: null,
  };
}

/** The best of each algorithm, then the next best boosted ones, of those that saw all folds. */
function poolOf(trials: readonly Trial[], folds: number): Trial[] {
  const complete = trials.filter(({ scores }) => scores.length === folds);
  const firsts = new Set<Trial>();
  for (const trial of complete) {
    const isFirst = ![...firsts].some(
      ({ candidate }) => candidate.algorithm === trial.candidate.algorithm,
    );
    if (isFirst) firsts.add(trial);
  }
  const others = complete.filter(
    (trial) => !firsts.has(trial) && trial.candidate.algorithm === 'boosting',
  );
  return [...firsts, ...others].slice(0, mostInPool);
}

function chosenAlone(trial: Trial, folds: readonly Fold[], rows: number): Chosen {
  const choice = choiceOf(trial, 1);
  const foldOf = new Uint8Array(rows);
  folds.forEach(({ positions }, fold) => {
    for (const position of positions) foldOf[position] = fold;
  });
  return {
    choices: [choice],
    algorithm: trial.candidate.algorithm,
    hyperparameters: hyperparametersOf(choice.candidate, choice.rounds, choice.members),
    scores: trial.scores,
    outOfFold: collectMargins(trial.scores, folds, rows),
    foldOf,
    trial,
  };
}

function choiceOf(trial: Trial, weight: number): Choice {
  const { candidate, members, scale } = trial;
  return { candidate, rounds: roundsOf(trial), members, scale, weight };
}

/** `1.boosting.weight`, `1.boosting.learningRate`, …: the heaviest member is the first. */
function hyperparametersOfBlend(choices: readonly Choice[]): Record<string, number> {
  return Object.fromEntries(
    choices.flatMap(({ candidate, rounds, members, weight }, k) =>
      Object.entries({ weight, ...hyperparametersOf(candidate, rounds, members) }).map(
        ([name, value]): [string, number] => [
          `${String(k + 1)}.${candidate.algorithm}.${name}`,
          value,
        ],
      ),
    ),
  );
}

/** Out-of-fold margins in the order of the searched rows. */
function collectMargins(
  scores: readonly FoldScore[],
  folds: readonly Fold[],
  rows: number,
): Float64Array {
  const margins = new Float64Array(rows);
  folds.forEach((fold, index) => {
    fold.positions.forEach((position, k) => {
      margins[position] = scores[index]?.margins[k] ?? Number.NaN;
    });
  });
  return margins;
}

/** The mean log loss by which a choice was made. */
export function choiceLogLoss({ trial, scores }: Chosen): number {
  return trial ? selectionLogLoss(trial) : meanOf(scores.map((score) => score.logLoss));
}
