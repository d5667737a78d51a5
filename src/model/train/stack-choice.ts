import { blend, blendGain } from './blend.js';
import { hyperparametersOf, listCandidates } from './candidates.js';
import { positiveWeightOf, shiftOf } from './class-weight.js';
import type { Fold } from './fold-data.js';
import type { Choice } from './refit.js';
import { scoreFold } from './run-trial.js';
import {
  commonRound,
  hasRounds,
  isBagWorthwhile,
  meanOf,
  ranked,
  search,
  selectionLogLoss,
  tryBag,
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

/** Shares of the work, for the progress bar. */
const searchShare = 0.8;

/**
 * Searches, tries the best boosted forest as a bag, then a blend of the best of each algorithm; the bag and the blend are
 * kept only where they lower the log loss of the best single trial by `bagGain` and `blendGain`.
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
  const searched = await search(candidates, folds, options.selectionMetric, {
    runTrials,
    onShare: (share) => {
      onShare(share * searchShare);
    },
  });
  const bag = await bagOfBest(searched, folds, options, runTrials, (share) => {
    onShare(searchShare + share * (1 - searchShare));
  });
  const trials = bag ? [...searched, bag] : searched;
  const complete = ranked(trials, options.selectionMetric).filter(
    ({ scores }) => scores.length === folds.length,
  );
  const best = complete.find((trial) => trial !== bag);
  if (!best) throw new RangeError('no candidate was tried');
  const single = bag?.candidate === best.candidate && isBagWorthwhile(best, bag) ? bag : best;
  const alone = chosenAlone(single, folds, labels.length);
  return { trials, chosen: chooseBlend(complete, best, alone, folds, labels) ?? alone };
}

/** A bag of the best boosted forest; null without one. */
async function bagOfBest(
  trials: readonly Trial[],
  folds: readonly Fold[],
  { selectionMetric }: TrainingOptions,
  runTrials: RunTrials,
  onShare: (share: number) => void,
): Promise<Trial | null> {
  const best = ranked(trials, selectionMetric).find(
    ({ candidate }) => candidate.algorithm === 'boosting',
  );
  return best ? tryBag(best, folds, { runTrials, onShare }) : null;
}

/** A blend that is worth its size against the best single trial and no worse than its bag; null where none is. */
function chooseBlend(
  complete: readonly Trial[],
  best: Trial,
  alone: Chosen,
  folds: readonly Fold[],
  labels: Uint8Array,
): Chosen | null {
  const pool = poolOf(complete);
  if (pool.length < 2) return null;
  // Class weights add the same to all: the selection sees margins without it.
  const shift = shiftOf(best.candidate);
  const unshifted = pool.map((trial) =>
    collectMargins(trial.scores, folds, labels.length).map((margin) => margin - shift),
  );
  const { weights, margins, logLoss } = blend(unshifted, labels, alone.foldOf);
  const members = pool
    .map((trial, k) => ({ trial, weight: weights[k] ?? 0 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const lossOf = (scores: readonly FoldScore[]) => meanOf(scores.map((score) => score.logLoss));
  const isWorthIt =
    logLoss < lossOf(best.scores) * (1 - blendGain) && logLoss < lossOf(alone.scores);
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

/** The best of each algorithm, then the next best, best first; trials see all folds. */
function poolOf(complete: readonly Trial[]): Trial[] {
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
  const rounds = hasRounds(candidate) ? Math.max(1, commonRound(trial).rounds) : 0;
  return { candidate, rounds, members, scale, weight };
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
