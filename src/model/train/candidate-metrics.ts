import { shiftOf } from './class-weight.js';
import type { Fold } from './fold-data.js';
import { meanOf } from './search.js';
import { crossScale } from './stack-scale.js';
import type { CandidateMetrics, TrialOutcome, TrialTask } from './trial.js';

/**
 * What a task found, for its record: means over its folds, one entry a candidate. The margins of a decision forest count on
 * the scale of log-odds, like those of the others; on one fold alone, which nothing else can scale, as they are.
 * @param folds all of the search
 * @param outcomes of the task
 */
export function candidateMetrics(
  folds: readonly Fold[],
  { candidates, from, until }: TrialTask,
  outcomes: readonly TrialOutcome[],
): CandidateMetrics[] {
  return outcomes.map(({ scores: raw }, k) => {
    const candidate = candidates[k];
    const scores =
      candidate?.algorithm === 'forest' && raw.length > 1
        ? crossScale(raw, folds.slice(from, until), shiftOf(candidate)).scores
        : raw;
    const auc = meanOf(scores.map((score) => score.auc));
    const logLoss = meanOf(scores.map((score) => score.logLoss));
    return Number.isFinite(auc) ? { logLoss, auc } : { logLoss };
  });
}
