import { parentPort, workerData } from 'node:worker_threads';
import { foldsOfSearch, type Fold } from './fold-data.js';
import { candidateMetrics } from './candidate-metrics.js';
import { runTrialHere } from './run-trial.js';
import { packOutcomes, unpackSearch } from './trial-bytes.js';
import type { TrialThreadAnswer } from './trial-threads.js';
import type { DoneTrial, TrialTask } from './trial.js';

let folds: Fold[] | null = null;

function run(task: TrialTask): DoneTrial {
  // A border: `openTrialThread` is the only one that starts this file.
  folds ??= foldsOfSearch(unpackSearch(workerData as Uint8Array));
  const outcomes = runTrialHere(folds, task, () => performance.now());
  return {
    outcome: packOutcomes(outcomes),
    metrics: candidateMetrics(folds, task, outcomes),
    seconds: outcomes.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

parentPort?.on('message', (task: TrialTask) => {
  let answer: TrialThreadAnswer;
  try {
    answer = { kind: 'done', done: run(task) };
  } catch (error) {
    answer = { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
