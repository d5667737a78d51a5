import { defaultBoostingParameters, type BoostingParameters } from '../../numeric/boosting.js';
import { randomStream } from '../../numeric/random.js';
import type { Algorithm, TrainingOptions } from './training.js';

/** One point of the search: an algorithm with its hyperparameters. */
export type Candidate =
  { algorithm: 'logistic'; c: number } | { algorithm: 'boosting'; parameters: BoostingParameters };

/** Inverse penalties, the likeliest first: a small number of trials takes the head of the list. */
const penalties = [0.1, 1, 0.01, 10, 0.001, 0.3, 0.03, 3];

/** Shapes of trees and regularisation, spread by hand; further trials are drawn at random. */
const designed: Partial<BoostingParameters>[] = [
  { learningRate: 0.05, maxDepth: 2, maxLeaves: 4, minChildWeight: 1, l2: 1, columnShare: 0.5 },
  { learningRate: 0.05, maxDepth: 6, maxLeaves: 24, minChildWeight: 3, l2: 3, columnShare: 0.8 },
  { learningRate: 0.05, maxDepth: 3, maxLeaves: 8, minChildWeight: 2, l2: 1, columnShare: 0.5 },
  { learningRate: 0.05, maxDepth: 6, maxLeaves: 24, minChildWeight: 1, l2: 1, columnShare: 0.5 },
  { learningRate: 0.05, maxDepth: 4, maxLeaves: 12, minChildWeight: 2, l2: 1, columnShare: 0.8 },
  { learningRate: 0.03, maxDepth: 5, maxLeaves: 16, minChildWeight: 5, l2: 3, columnShare: 0.3 },
];

/**
 * The candidates of a training, cheap ones first. With both algorithms a quarter of the trials (at
 * most 5) goes to logistic regression, over a ladder of penalties from strong to weak, the rest to
 * boosting: a few shapes spread by hand, then seeded random draws.
 */
export function listCandidates(options: TrainingOptions): Candidate[] {
  const algorithms = new Set<Algorithm>(options.algorithms);
  const both = algorithms.size === 2;
  const linear = !algorithms.has('logistic')
    ? 0
    : Math.min(options.trials, both ? Math.min(5, options.trials >> 2) : penalties.length);
  const boosted = algorithms.has('boosting') ? options.trials - linear : 0;
  const next = randomStream(options.seed);
  return [
    ...penalties
      .slice(0, linear)
      .sort((a, b) => a - b)
      .map((c): Candidate => ({ algorithm: 'logistic', c })),
    ...Array.from({ length: boosted }, (_, k): Candidate => {
      const parameters = { ...defaultBoostingParameters, ...(designed[k] ?? draw(next)) };
      return {
        algorithm: 'boosting',
        parameters: { ...parameters, ...common((options.seed + k) >>> 0) },
      };
    }),
  ];
}

function common(seed: number): Partial<BoostingParameters> {
  return { rounds: 1000, earlyStoppingRounds: 40, rowShare: 0.8, positiveWeight: 1, seed };
}

function draw(next: () => number): Partial<BoostingParameters> {
  const oneOf = <T>(...values: [T, ...T[]]): T =>
    values[Math.floor(next() * values.length)] ?? values[0];
  const maxDepth = oneOf(2, 3, 4, 5, 6, 7);
  return {
    learningRate: oneOf(0.03, 0.05, 0.1),
    maxDepth,
    maxLeaves: Math.min(2 ** maxDepth, oneOf(8, 12, 16, 24, 31)),
    minChildWeight: oneOf(1, 2, 5, 10),
    l2: oneOf(0.3, 1, 3, 10),
    columnShare: oneOf(0.3, 0.5, 0.8, 1),
  };
}

/** The candidate with the seed of the `member`-th forest of a bag; member 0 is the candidate itself. */
export function memberOf(
  candidate: Candidate & { algorithm: 'boosting' },
  member: number,
): Candidate & { algorithm: 'boosting' } {
  const seed = (candidate.parameters.seed + member * 1_000_003) >>> 0;
  return { ...candidate, parameters: { ...candidate.parameters, seed } };
}

/** What distinguishes a candidate, as plain numbers for the record. */
export function hyperparametersOf(
  candidate: Candidate,
  rounds: number,
  members: number,
): Record<string, number> {
  if (candidate.algorithm === 'logistic') return { c: candidate.c };
  const { maxBins, minGain, minRowsInLeaf, ...rest } = candidate.parameters;
  const { earlyStoppingRounds, ...tuned } = rest;
  return { ...tuned, rounds, members, maxBins, minGain, minRowsInLeaf, earlyStoppingRounds };
}
