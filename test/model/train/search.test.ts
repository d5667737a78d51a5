import { describe, expect, test } from 'vitest';
import { candidateMetrics } from '../../../src/model/train/candidate-metrics.js';
import { atRounds, listCandidates, memberOf } from '../../../src/model/train/candidates.js';
import { foldsOf } from '../../../src/model/train/fold-data.js';
import { refit } from '../../../src/model/train/refit.js';
import { runTrialHere, runTrialsHere } from '../../../src/model/train/run-trial.js';
import {
  isBagWorthwhile,
  roundsOf,
  search,
  settle,
  tryBag,
  type SearchHooks,
  type Trial,
} from '../../../src/model/train/search.js';
import { choose } from '../../../src/model/train/stack-choice.js';
import {
  defaultTrainingOptions,
  type Algorithm,
  type TrainingOptions,
} from '../../../src/model/train/training.js';
import type { TrialTask } from '../../../src/model/train/trial.js';
import { logLossOfMargins } from '../../../src/numeric/metrics.js';
import { madeTable } from '../../support/made-tables.js';

const made = madeTable(400);
const options: TrainingOptions = { ...defaultTrainingOptions, trials: 2, folds: 3 };
const input = { ...made, options };
const folds = foldsOf(input);
const here = runTrialsHere(folds, () => 0);
const hooks: SearchHooks = { runTrials: here, onShare: () => undefined };
const whole = { from: 0, until: folds.length };

async function searched(algorithm: Algorithm): Promise<Trial> {
  const candidates = listCandidates({ ...options, algorithms: [algorithm], trials: 1 }, 1, 4);
  const [trial] = await search(candidates, folds, 'logLoss', hooks);
  if (!trial) throw new Error('nothing was searched');
  return trial;
}

const lossesOf = (trial: Trial) => trial.scores.map(({ logLoss }) => logLoss);
const marginsOf = (trial: Trial) => trial.scores.map(({ margins }) => margins);
const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('trials at one number of rounds', () => {
  test.each(['boosting', 'perceptron'] as const)(
    '%s: settled, every fold stands at the rounds of the refit and none at its own best',
    async (algorithm) => {
      const trial = await searched(algorithm);
      const lowest = trial.scores.map(({ curve }) => Math.min(...curve));
      const rounds = roundsOf(trial);
      const ownBest = trial.scores.map(({ curve }, fold) => curve.indexOf(lowest[fold] ?? NaN) + 1);
      expect(new Set(ownBest).size).toBeGreaterThan(1); // else there is nothing to settle
      const curves = trial.scores.map(({ curve }) => curve);
      await settle([trial], folds, hooks);
      expect(trial.rounds).toBe(rounds);
      lossesOf(trial).forEach((loss, fold) => {
        const there = curves[fold]?.[rounds - 1];
        if (there !== undefined) expect(loss).toBeCloseTo(there, 12);
        expect(loss).toBeGreaterThanOrEqual((lowest[fold] ?? NaN) - 1e-12);
      });
    },
  );

  test('a bag is the mean of forests at the rounds of the single one, compared with its members', async () => {
    const trial = await searched('boosting');
    await settle([trial], folds, hooks);
    const { candidate, rounds } = trial;
    if (candidate.algorithm !== 'boosting' || rounds === null) throw new Error('not settled');
    const bag = await tryBag(trial, folds, hooks);
    expect(bag.trial.members).toBe(5);
    const members = [0, 1, 2, 3, 4].map((member) => {
      const candidates = [atRounds(memberOf(candidate, member), rounds)];
      return runTrialHere(folds, { candidates, ...whole }, () => 0)[0]?.scores ?? [];
    });
    expect(bag.trial.rounds).toBe(rounds);
    marginsOf(bag.trial).forEach((margins, fold) => {
      margins.forEach((margin, row) => {
        const own = members.map((scores) => scores[fold]?.margins[row] ?? NaN);
        expect(margin).toBeCloseTo(meanOf(own), 12);
      });
    });
    const losses = members.map((scores) => meanOf(scores.map(({ logLoss }) => logLoss)));
    expect(bag.memberLogLoss).toBeCloseTo(meanOf(losses), 12);
    // The loss is convex: a mean cannot do worse than its members do on average.
    expect(meanOf(lossesOf(bag.trial))).toBeLessThanOrEqual(bag.memberLogLoss);
    expect(isBagWorthwhile({ ...bag, memberLogLoss: 2 * bag.memberLogLoss })).toBe(true);
    expect(isBagWorthwhile({ ...bag, memberLogLoss: meanOf(lossesOf(bag.trial)) })).toBe(false);
  });

  test('a bag has three forests where five would have more than 20,000 leaves', async () => {
    const trial = await searched('boosting');
    const { candidate } = trial;
    if (candidate.algorithm !== 'boosting') throw new Error('not boosting');
    const asked: TrialTask[][] = [];
    const runTrials: SearchHooks['runTrials'] = (tasks, onDone) => {
      asked.push([...tasks]);
      return here(
        tasks.map((task) => ({
          ...task,
          candidates: task.candidates.map((each) => atRounds(each, 1)),
        })),
        onDone,
      );
    };
    for (const [rounds, others] of [
      [1000, 4],
      [1001, 2],
    ] as const) {
      const settled = { ...trial, rounds, candidate: atRounds(candidate, rounds) };
      expect(candidate.parameters.maxLeaves).toBe(4);
      const bag = await tryBag(settled, folds, { ...hooks, runTrials });
      expect(asked.pop()).toHaveLength(others);
      expect(bag.trial.members).toBe(others + 1);
    }
  });

  test('ranks are tried as a ladder of their own, and the refit is a tree a column that varies', async () => {
    const five = { ...options, algorithms: ['logistic' as const], trials: 5 };
    const candidates = listCandidates(five, 1, 4);
    const ranked = candidates.filter((each) => each.algorithm === 'logistic' && each.ranked);
    expect(ranked.map((each) => each.algorithm === 'logistic' && each.c)).toEqual([0.01, 0.1]);
    const tasks: TrialTask[] = [];
    const runTrials: SearchHooks['runTrials'] = (given, onDone) => {
      tasks.push(...given);
      return here(given, onDone);
    };
    const trials = await search(candidates, folds, 'logLoss', { ...hooks, runTrials });
    expect(tasks.map((task) => task.candidates.length)).toEqual([2, 2, 1]);
    const trial = trials.find(({ candidate }) => candidate === ranked[1]);
    const [fold] = folds;
    if (!trial || !fold) throw new Error('not tried');
    // Alone, without a fit to start from, it comes to the same margins.
    const alone = runTrialHere(
      folds,
      { candidates: [trial.candidate], from: 0, until: 1 },
      () => 0,
    );
    alone[0]?.scores[0]?.margins.forEach((margin, row) =>
      expect(margin).toBeCloseTo(trial.scores[0]?.margins[row] ?? NaN, 5),
    );
    const rows = Array.from({ length: made.table.rows }, (_, row) => row);
    const choice = { candidate: trial.candidate, rounds: 0, members: 1, scale: null, weight: 1 };
    const { classifier, columnGain } = await refit([choice], made.table, rows, made.labels, {
      onShare: () => undefined,
    });
    if (classifier.kind !== 'forest')
      throw new Error(`a forest was expected, not ${classifier.kind}`);
    expect(classifier.forest.treeCount).toBe(columnGain.length);
    expect(columnGain[0]).toBeGreaterThan(columnGain[1] ?? NaN); // risk, noise
  });

  test('what is chosen is fitted at the rounds that its out-of-fold margins stand at', async () => {
    const alone: TrainingOptions = { ...options, algorithms: ['boosting'], trials: 1 };
    const labels = new Uint8Array(folds.reduce((sum, { positions }) => sum + positions.length, 0));
    for (const { positions, validation } of folds)
      positions.forEach((position, k) => (labels[position] = validation.labels[k] ?? 0));
    const { chosen } = await choose(alone, folds, labels, here, () => undefined);
    const [{ candidate, rounds, members } = { rounds: 0, members: 0 }] = chosen.choices;
    if (candidate?.algorithm !== 'boosting') throw new Error('boosting alone was asked for');
    const forests = Array.from({ length: members }, (_, member) => {
      const candidates = [atRounds(memberOf(candidate, member), rounds)];
      return runTrialHere(folds, { candidates, ...whole }, () => 0)[0]?.scores ?? [];
    });
    folds.forEach(({ positions }, fold) => {
      positions.forEach((position, k) => {
        const own = forests.map((scores) => scores[fold]?.margins[k] ?? NaN);
        expect(chosen.outOfFold[position]).toBeCloseTo(meanOf(own), 12);
      });
    });
  });
});

test('the record of a decision forest tells its loss on log-odds, as the search sees it', async () => {
  const trial = await searched('forest');
  const task: TrialTask = { candidates: [trial.candidate], ...whole };
  const outcomes = runTrialHere(folds, task, () => 0);
  const [metrics] = candidateMetrics(folds, task, outcomes);
  expect(metrics?.logLoss).toBeCloseTo(meanOf(lossesOf(trial)), 12);
  const raw = folds.map(({ validation }, fold) =>
    logLossOfMargins(validation.labels, outcomes[0]?.scores[fold]?.margins ?? new Float64Array(0)),
  );
  expect(metrics?.logLoss).not.toBeCloseTo(meanOf(raw), 6);
});

test('a refit that was aborted beforehand ends with the reason of the signal', async () => {
  const trial = await searched('boosting');
  const choice = { ...trial, rounds: roundsOf(trial), weight: 1 };
  const rows = Array.from({ length: 300 }, (_, row) => row);
  const aborted = refit([choice], made.table, rows, made.labels.subarray(0, 300), {
    onShare: () => undefined,
    signal: AbortSignal.abort(new Error('stopped by hand')),
  });
  await expect(aborted).rejects.toThrow('stopped by hand');
});
