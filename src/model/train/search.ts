import type { Calibration } from '../../numeric/calibration.js';
import { atRounds, hasRounds, memberOf, type Candidate } from './candidates.js';
import { shiftOf } from './class-weight.js';
import type { Fold } from './fold-data.js';
import { scoreFold } from './run-trial.js';
import { crossScale } from './stack-scale.js';
import type { TrainingOptions } from './training.js';
import type { FoldScore, RunTrials, TrialTask } from './trial.js';

/** A candidate with what it did so far; folds are tried in order. */
export interface Trial {
  candidate: Candidate;
  scores: FoldScore[];
  /** Of a decision forest: the scores before `scale`, which grows with the folds. */
  raw: FoldScore[];
  /** What puts a decision forest on log-odds; null for the others. */
  scale: Calibration | null;
  seconds: number;
  /** Rounds at which all `scores` stand; null while each stands at its fold's own best, and where there are none. */
  rounds: number | null;
  /** Forests averaged, each with a seed of its own; 1 = no bag. */
  members: number;
}

/** Who does the tasks, and who hears of it: the share of the planned fits done, 0..1. */
export interface SearchHooks {
  runTrials: RunTrials;
  onShare: (share: number) => void;
}

/** Folds every candidate is tried on before the weaker ones of its algorithm are given up. */
export const racingFolds = 2;

/** Candidates of an algorithm that go on to all folds, of how many that raced; logistic ones do not race. */
const survivors = {
  boosting: (raced: number) => Math.min(raced, Math.max(2, Math.round(raced / 3))),
  forest: () => 1,
  perceptron: () => 1,
  isolation: () => 1,
};

/**
 * Tries the candidates: logistic regression on all folds, the others on `racingFolds` first, then the best of
 * each algorithm (of boosting the best third, at least 2) on the rest. All see the same folds, so their scores are paired.
 */
export async function search(
  candidates: readonly Candidate[],
  folds: readonly Fold[],
  metric: TrainingOptions['selectionMetric'],
  hooks: SearchHooks,
): Promise<Trial[]> {
  const trials = candidates.map(newTrial);
  const of = (algorithm: Candidate['algorithm']) =>
    trials.filter(({ candidate }) => candidate.algorithm === algorithm);
  const linear = of('logistic');
  const racers = (['boosting', 'forest', 'perceptron', 'isolation'] as const).map((algorithm) => ({
    raced: of(algorithm),
    count: Math.min(of(algorithm).length, survivors[algorithm](of(algorithm).length)),
  }));
  const first = Math.min(racingFolds, folds.length);
  const raced = racers.flatMap((race) => race.raced);
  const later = racers.reduce((sum, { count }) => sum + count, 0) * (folds.length - first);
  const planned = linear.length * folds.length + raced.length * first + later;
  const stage = (from: number, work: number) => (share: number) => {
    hooks.onShare((from + share * work) / planned);
  };
  const ladders = ['ridge', 'ranked', 'net']
    .map((ladder) => linear.filter(({ candidate }) => ladderOf(candidate) === ladder))
    .filter((ladder) => ladder.length > 0)
    .map((ladder) => ({ trials: ladder, from: 0, until: folds.length }));
  const race = raced.map((trial) => ({ trials: [trial], from: 0, until: first }));
  await advance([...race, ...ladders], folds, hooks.runTrials, stage(0, planned - later));
  const rest = racers
    .flatMap((each) => ranked(each.raced, metric).slice(0, each.count))
    .map((trial) => ({ trials: [trial], from: first, until: folds.length }));
  await advance(rest, folds, hooks.runTrials, stage(planned - later, later));
  return trials;
}

function newTrial(candidate: Candidate): Trial {
  return { candidate, scores: [], raw: [], scale: null, seconds: 0, rounds: null, members: 1 };
}

/** Penalties of one kind over the same columns: one starts from the other. */
function ladderOf(candidate: Candidate): 'ridge' | 'ranked' | 'net' | null {
  if (candidate.algorithm !== 'logistic') return null;
  if (candidate.ranked) return 'ranked';
  return (candidate.l1Ratio ?? 0) === 0 ? 'ridge' : 'net';
}

/** Trials that go on together over folds [from, until). */
interface Step {
  trials: readonly Trial[];
  from: number;
  until: number;
}

/** Does the steps and writes down what came out. */
async function advance(
  steps: readonly Step[],
  folds: readonly Fold[],
  runTrials: RunTrials,
  onShare: (share: number) => void,
): Promise<void> {
  const asked = steps.filter(({ from, until }) => from < until);
  if (asked.length === 0) return;
  const tasks = asked.map(({ trials, from, until }): TrialTask => ({
    candidates: trials.map(({ candidate }) => candidate),
    from,
    until,
  }));
  const outcomes = await runTrials(tasks, (done) => {
    onShare(done / tasks.length);
  });
  asked.forEach(({ trials }, task) => {
    trials.forEach((trial, k) => {
      const outcome = outcomes[task]?.[k];
      if (!outcome) throw new RangeError(`task ${String(task)} came back without its outcome`);
      trial.seconds += outcome.seconds;
      if (trial.candidate.algorithm === 'forest') {
        trial.raw.push(...outcome.scores);
        Object.assign(trial, crossScale(trial.raw, folds, shiftOf(trial.candidate)));
      } else trial.scores.push(...outcome.scores);
    });
  });
}

/**
 * Puts trials that stop by themselves at one number of rounds for all folds, the one the refit will take: margins at the best round
 * of each fold would flatter them, and the thresholds and the calibration that are found on them. Others stay as they are.
 * @param trials tried on all folds
 */
export async function settle(
  trials: readonly Trial[],
  folds: readonly Fold[],
  hooks: SearchHooks,
): Promise<void> {
  const open = trials.filter(({ candidate, rounds }) => hasRounds(candidate) && rounds === null);
  const settled = open.map((trial): Trial => {
    const { rounds } = commonRound(trial);
    return { ...newTrial(atRounds(trial.candidate, rounds)), rounds };
  });
  const steps = settled.map((trial) => ({ trials: [trial], from: 0, until: folds.length }));
  await advance(steps, folds, hooks.runTrials, hooks.onShare);
  open.forEach((trial, k) => {
    const { scores = [], rounds = null, seconds = 0 } = settled[k] ?? {};
    Object.assign(trial, { scores, rounds, seconds: trial.seconds + seconds });
  });
}

/** Forests in a bag: five, or three where five would have more leaves than this to score and to explain. */
export const bagSizes = { small: 3, large: 5, mostLeaves: 20_000 };

/** Share by which a bag must lower the log loss to be worth its size and scoring time. */
export const bagGain = 0.001;

/** Forests that were tried together. */
export interface Bag {
  trial: Trial;
  /** Mean log loss of its members, each alone. */
  memberLogLoss: number;
}

/**
 * The same boosting candidate as the average of forests that differ in their seed (`bagSizes`), tried on all
 * folds at the rounds of the single forest.
 * @param trial settled
 */
export async function tryBag(
  trial: Trial,
  folds: readonly Fold[],
  hooks: SearchHooks,
): Promise<Bag> {
  const { candidate, rounds } = trial;
  if (candidate.algorithm !== 'boosting' || rounds === null)
    throw new RangeError('only boosting at a known number of rounds can be bagged');
  const { small, large, mostLeaves } = bagSizes;
  const size = large * rounds * candidate.parameters.maxLeaves <= mostLeaves ? large : small;
  const others = Array.from({ length: size - 1 }, (_, k) => ({
    ...newTrial(atRounds(memberOf(candidate, k + 1), rounds)),
    rounds,
  }));
  const steps = others.map((other) => ({ trials: [other], from: 0, until: folds.length }));
  await advance(steps, folds, hooks.runTrials, hooks.onShare);
  const members = [trial, ...others];
  const scores = folds.map((fold, index) => {
    const margins = new Float64Array(fold.validation.labels.length).map((_, i) =>
      meanOf(members.map(({ scores: of }) => of[index]?.margins[i] ?? Number.NaN)),
    );
    return scoreFold(fold, margins, new Float64Array(0), shiftOf(candidate));
  });
  const seconds = members.reduce((sum, member) => sum + member.seconds, 0);
  return {
    trial: { ...newTrial(candidate), scores, seconds, rounds, members: size },
    memberLogLoss: meanOf(members.map(selectionLogLoss)),
  };
}

/**
 * True if the bag's mean log loss over the folds is lower than that of its members by `bagGain`. All stand at the same
 * rounds. Not compared with the single forest, which being chosen flatters: the refit is another draw.
 */
export function isBagWorthwhile({ trial, memberLogLoss }: Bag): boolean {
  return selectionLogLoss(trial) < memberLogLoss * (1 - bagGain);
}

/** Best first; a trial that saw fewer folds than another comes after it. */
export function ranked(
  trials: readonly Trial[],
  metric: TrainingOptions['selectionMetric'],
): Trial[] {
  const value = (trial: Trial) =>
    metric === 'auc' ? -meanOf(trial.scores.map(({ auc }) => auc)) : selectionLogLoss(trial);
  return [...trials].sort((a, b) => b.scores.length - a.scores.length || value(a) - value(b));
}

/**
 * Mean log loss over the folds; of what is not settled yet, at the one round that is best for all folds together,
 * since the best round of each fold would flatter candidates whose curves are noisy. Curves of weighted fits are on
 * another scale: those are raced by their margins.
 */
export function selectionLogLoss(trial: Trial): number {
  const { candidate, rounds } = trial;
  if (hasRounds(candidate) && rounds === null && shiftOf(candidate) === 0)
    return commonRound(trial).logLoss;
  return meanOf(trial.scores.map(({ logLoss }) => logLoss));
}

/** Trees or epochs of a refit of the trial, >= 1; 0 for what has none. */
export function roundsOf(trial: Trial): number {
  return hasRounds(trial.candidate) ? (trial.rounds ?? commonRound(trial).rounds) : 0;
}

/** The number of rounds with the lowest mean validation log loss, a stopped fold keeping its last value. */
function commonRound(trial: Trial): { rounds: number; logLoss: number } {
  const curves = trial.scores.map(({ curve }) => curve);
  const longest = Math.max(...curves.map((curve) => curve.length));
  let best = { rounds: 1, logLoss: Infinity };
  for (let round = 0; round < longest; round++) {
    const logLoss = meanOf(curves.map((curve) => curve[Math.min(round, curve.length - 1)] ?? NaN));
    if (logLoss < best.logLoss) best = { rounds: round + 1, logLoss };
  }
  return best;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of the mean of fold values; 0 for one fold. */
export function standardErrorOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
