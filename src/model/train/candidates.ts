import { defaultBoostingParameters, type BoostingParameters } from '../../numeric/boosting.js';
import {
  defaultIsolationForestParameters,
  type IsolationForestParameters,
} from '../../numeric/isolation-forest.js';
import {
  defaultRandomForestParameters,
  type RandomForestParameters,
} from '../../numeric/random-forest-parameters.js';
import {
  defaultPerceptronParameters,
  type PerceptronParameters,
} from '../../numeric/perceptron-fit.js';
import { randomStream } from '../../numeric/random.js';
import type { Algorithm, TrainingOptions } from './training.js';

/** Boosted trees: racing decides which shape. */
export interface BoostingCandidate {
  algorithm: 'boosting';
  /** Directions are by column, and columns differ by fold. */
  parameters: Omit<BoostingParameters, 'monotone'>;
  /** Numerical inputs by name that may only raise (1) or lower (-1) the score. */
  monotone?: TrainingOptions['monotone'];
}

/** One point of the search: an algorithm with its hyperparameters. */
export type Candidate =
  /**
   * `l1Ratio`: share of the L1 penalty, 0 unless said; `positiveWeight`: 1 unless said; `ranked`: columns count by the rank of
   * their values, on a curve that may bend (`fitAdditive`), without an L1 part.
   */
  | {
      algorithm: 'logistic';
      c: number;
      l1Ratio?: number;
      positiveWeight?: number;
      ranked?: boolean;
    }
  | BoostingCandidate
  | { algorithm: 'forest'; parameters: RandomForestParameters }
  | { algorithm: 'perceptron'; parameters: PerceptronParameters }
  /** Path lengths are put on log-odds with the labels; `positiveWeight` counts there alone. */
  | { algorithm: 'isolation'; parameters: IsolationForestParameters; positiveWeight: number };

/** Inverse penalties, the likeliest first: a small number of trials takes the head of the list. */
const ridges = [0.1, 1, 0.01, 10, 0.001, 0.3, 0.03, 3];

/** Design columns up to which ridges are tried: their Newton steps cost columns^3. Beyond, elastic nets alone are. */
export const mostRidgeColumns = 2000;

/** Elastic nets and lassos, the likeliest first; `l1Ratio` is the share of the L1 penalty. */
const nets = [
  { c: 0.03, l1Ratio: 1 },
  { c: 0.1, l1Ratio: 0.5 },
  { c: 0.3, l1Ratio: 1 },
  { c: 0.01, l1Ratio: 0.5 },
];

/** Inverse penalties of logistic regression on ranks, the likeliest first. */
const rankedRidges = [0.1, 0.01, 1];

/** Shapes of boosted trees, spread by hand from shallow to deep; further trials are drawn at random. */
const shapes: Partial<BoostingParameters>[] = [
  {
    learningRate: 0.03,
    maxDepth: 2,
    maxLeaves: 4,
    minChildWeight: 5,
    l2: 3,
    columnShare: 0.5,
    rowShare: 0.6,
  },
  { learningRate: 0.05, maxDepth: 10, maxLeaves: 32, minChildWeight: 0.5, l2: 1, columnShare: 0.8 },
  { learningRate: 0.03, maxDepth: 4, maxLeaves: 12, minChildWeight: 5, l2: 3, columnShare: 0.8 },
  { learningRate: 0.05, maxDepth: 6, maxLeaves: 24, minChildWeight: 1, l2: 1, columnShare: 0.5 },
  { learningRate: 0.05, maxDepth: 3, maxLeaves: 8, minChildWeight: 2, l2: 1, columnShare: 0.5 },
  { learningRate: 0.03, maxDepth: 6, maxLeaves: 64, minChildWeight: 5, l2: 1, columnShare: 0.8 },
  {
    learningRate: 0.1,
    maxDepth: 12,
    maxLeaves: 128,
    minChildWeight: 1,
    l2: 3,
    columnShare: 0.8,
    maxBins: 255,
  },
  { learningRate: 0.03, maxDepth: 5, maxLeaves: 16, minChildWeight: 5, l2: 3, columnShare: 0.3 },
];

/** Shapes of decision forests, the likeliest first. */
const woods: Partial<RandomForestParameters>[] = [
  { minRowsInLeaf: 20, columnShare: 'sqrt' },
  { minRowsInLeaf: 10, columnShare: 0.5 },
  { minRowsInLeaf: 2, columnShare: 0.5 },
  { minRowsInLeaf: 5, columnShare: 0.5, extraRandom: true },
];

/** Shapes of perceptrons, the likeliest first. */
const networks: Partial<PerceptronParameters>[] = [
  { hidden: 16, l2: 0.003, learningRate: 0.003 },
  { hidden: 8, l2: 0.01, learningRate: 0.003 },
  { hidden: 32, l2: 0.003, learningRate: 0.001 },
  { hidden: 16, l2: 0.03, learningRate: 0.003 },
];

/** Parts of the trials that go to each algorithm when all are asked for; boosting takes what is left. */
const shares: Record<Exclude<Algorithm, 'boosting'>, { part: number; most: number }> = {
  logistic: { part: 0.25, most: 6 },
  forest: { part: 0.125, most: 3 },
  perceptron: { part: 0.125, most: 3 },
  isolation: { part: 0.0625, most: 1 },
};

/**
 * The candidates of a training, by algorithm. Each algorithm but boosting gets its part of the trials (`shares`), at
 * least one; boosting gets the rest: a few shapes spread by hand, then seeded random draws. Of fewer trials than
 * algorithms the first algorithms asked for get one each.
 * With monotone inputs boosting alone is tried: the others cannot promise it.
 * @param positiveWeight of every candidate; see `positiveWeightOf`
 * @param columns of the design matrix
 */
export function listCandidates(
  options: TrainingOptions,
  positiveWeight: number,
  columns: number,
): Candidate[] {
  const next = randomStream(options.seed);
  return [...countTrials(options)].flatMap(([algorithm, count]) =>
    algorithm === 'logistic'
      ? logisticCandidates(count, positiveWeight, columns <= mostRidgeColumns)
      : candidatesOf(algorithm, count, options, positiveWeight, next),
  );
}

/** How many trials each algorithm gets; their sum is `trials` unless the grids are smaller than that. */
function countTrials(options: TrainingOptions): Map<Algorithm, number> {
  const { trials, monotone } = options;
  const promised = Object.keys(monotone).length > 0;
  const algorithms = options.algorithms.filter((each) => !promised || each === 'boosting');
  const asked = [...new Set(algorithms)].slice(0, trials);
  const alone = asked.length === 1;
  const counts = new Map<Algorithm, number>();
  let left = trials - asked.length;
  for (const algorithm of asked) {
    if (algorithm === 'boosting') continue;
    const { part, most } = shares[algorithm];
    const wanted = alone ? trials : Math.min(most, Math.max(1, Math.floor(trials * part)));
    const extra = Math.min(left, wanted - 1);
    counts.set(algorithm, 1 + extra);
    left -= extra;
  }
  if (asked.includes('boosting')) counts.set('boosting', 1 + left);
  return counts;
}

function candidatesOf(
  algorithm: Exclude<Algorithm, 'logistic'>,
  count: number,
  { seed, monotone }: TrainingOptions,
  positiveWeight: number,
  next: () => number,
): Candidate[] {
  switch (algorithm) {
    case 'boosting':
      return Array.from({ length: count }, (_, k): Candidate => {
        const shape = shapes[k] ?? drawShape(next);
        const common = { rounds: 1000, earlyStoppingRounds: 40, rowShare: 0.8, positiveWeight };
        return {
          algorithm,
          parameters: {
            ...defaultBoostingParameters,
            ...common,
            ...shape,
            seed: (seed + k) >>> 0,
          },
          ...(Object.keys(monotone).length > 0 ? { monotone } : {}),
        };
      });
    case 'forest':
      return Array.from({ length: count }, (_, k): Candidate => {
        const shape = woods[k] ?? drawWood(next);
        const common = { trees: 150, maxDepth: 12, positiveWeight, seed: (seed + k) >>> 0 };
        return {
          algorithm,
          parameters: { ...defaultRandomForestParameters, ...shape, ...common },
        };
      });
    case 'isolation':
      return Array.from({ length: Math.min(count, 3) }, (_, k): Candidate => {
        const sampleRows = [256, 1024, 64][k] ?? 256;
        const parameters = { ...defaultIsolationForestParameters, sampleRows, seed: seed >>> 0 };
        return { algorithm, parameters, positiveWeight };
      });
    case 'perceptron':
      return Array.from({ length: Math.min(count, networks.length) }, (_, k): Candidate => {
        const common = { epochs: 60, patience: 8, positiveWeight, seed: (seed + k) >>> 0 };
        return {
          algorithm,
          parameters: { ...defaultPerceptronParameters, ...networks[k], ...common },
        };
      });
  }
}

/**
 * Two fifths on ranks, at most three, a fifth with an L1 part, the rest ridges; ridges of either kind from strong to weak, so
 * that one starts from the other.
 */
function logisticCandidates(
  count: number,
  positiveWeight: number,
  withRidges: boolean,
): Candidate[] {
  const ranked = withRidges ? Math.min(rankedRidges.length, Math.floor((2 * count) / 5)) : 0;
  const net = Math.min(nets.length, withRidges ? Math.floor(count / 5) : count);
  const ridge = withRidges ? Math.min(ridges.length, count - ranked - net) : 0;
  const algorithm = 'logistic';
  const rising = (list: readonly number[], length: number): number[] =>
    list.slice(0, length).sort((a, b) => a - b);
  return [
    ...rising(ridges, ridge).map((c): Candidate => ({ algorithm, c, l1Ratio: 0, positiveWeight })),
    ...rising(rankedRidges, ranked).map((c): Candidate => ({
      algorithm,
      c,
      l1Ratio: 0,
      positiveWeight,
      ranked: true,
    })),
    ...nets.slice(0, net).map((each): Candidate => ({ algorithm, ...each, positiveWeight })),
  ];
}

function chooser(next: () => number): <T>(...values: [T, ...T[]]) => T {
  return (...values) => values[Math.floor(next() * values.length)] ?? values[0];
}

function drawShape(next: () => number): Partial<BoostingParameters> {
  const oneOf = chooser(next);
  const maxDepth = oneOf(2, 3, 4, 5, 6, 8, 10);
  return {
    learningRate: oneOf(0.03, 0.05, 0.1),
    maxDepth,
    maxLeaves: Math.min(2 ** maxDepth, oneOf(8, 12, 16, 24, 32, 48)),
    minChildWeight: oneOf(0.5, 1, 2, 5, 10),
    l2: oneOf(0.3, 1, 3, 10),
    columnShare: oneOf(0.3, 0.5, 0.8, 1),
  };
}

function drawWood(next: () => number): Partial<RandomForestParameters> {
  const oneOf = chooser(next);
  return {
    minRowsInLeaf: oneOf(1, 3, 5, 10, 20, 40),
    columnShare: oneOf<number | 'sqrt'>('sqrt', 0.3, 0.5, 0.7),
    extraRandom: oneOf(false, true),
  };
}

/** The candidate with the seed of the `member`-th forest of a bag; member 0 is the candidate itself. */
export function memberOf(candidate: BoostingCandidate, member: number): BoostingCandidate {
  const seed = (candidate.parameters.seed + member * 1_000_003) >>> 0;
  return { ...candidate, parameters: { ...candidate.parameters, seed } };
}

/** Whether fits of the candidate stop by themselves, at a number of rounds that only the fit tells. */
export function hasRounds({ algorithm }: Candidate): boolean {
  return algorithm === 'boosting' || algorithm === 'perceptron';
}

/** The candidate at a number of rounds (trees, epochs) said beforehand: nothing stops it. */
export function atRounds<C extends Candidate>(candidate: C, rounds: number): C;
export function atRounds(candidate: Candidate, rounds: number): Candidate {
  switch (candidate.algorithm) {
    case 'boosting':
      return {
        ...candidate,
        parameters: { ...candidate.parameters, rounds, earlyStoppingRounds: 0 },
      };
    case 'perceptron':
      return { ...candidate, parameters: { ...candidate.parameters, epochs: rounds, patience: 0 } };
    case 'logistic':
    case 'forest':
    case 'isolation':
      return candidate;
  }
}

/** What distinguishes a candidate, as plain numbers for the record. */
export function hyperparametersOf(
  candidate: Candidate,
  rounds: number,
  members: number,
): Record<string, number> {
  switch (candidate.algorithm) {
    case 'logistic': {
      const { c, l1Ratio = 0, positiveWeight = 1, ranked = false } = candidate;
      return { c, l1Ratio, positiveWeight, ranked: Number(ranked) };
    }
    case 'boosting': {
      const { maxBins, minGain, minRowsInLeaf, ...rest } = candidate.parameters;
      const { earlyStoppingRounds, ...tuned } = rest;
      return { ...tuned, rounds, members, maxBins, minGain, minRowsInLeaf, earlyStoppingRounds };
    }
    case 'forest': {
      const { columnShare, bootstrap, criterion, extraRandom, ...rest } = candidate.parameters;
      return {
        ...rest,
        // 0 stands for the square root of the number of columns
        columnShare: columnShare === 'sqrt' ? 0 : columnShare,
        bootstrap: Number(bootstrap),
        entropy: Number(criterion === 'entropy'),
        extraRandom: Number(extraRandom),
      };
    }
    case 'perceptron':
      return { ...candidate.parameters, rounds };
    case 'isolation':
      return { ...candidate.parameters, positiveWeight: candidate.positiveWeight };
  }
}
