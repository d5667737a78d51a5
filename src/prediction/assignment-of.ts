import { EXPOSED_WITHIN_MS, type Assignment, type Experiment } from '../experiment/experiment.js';

/** What is known of a prediction that an experiment may have decided. */
export interface AssignedPrediction {
  modelId: string;
  asOf: Date;
  /** Real time. */
  scoredAt: Date;
}

/**
 * The assignment that stood when a prediction was scored: in the experiment on its model that ran then, with the instant
 * asked as of in its window; null where there is none.
 */
export function assignmentOf(
  { modelId, asOf, scoredAt }: AssignedPrediction,
  assignments: readonly { assignment: Assignment; experiment: Experiment }[],
): { assignment: Assignment; experiment: Experiment } | null {
  const stood = ({ assignment, experiment }: (typeof assignments)[number]): boolean =>
    experiment.modelId === modelId &&
    asOf >= experiment.startsAt &&
    asOf < experiment.endsAt &&
    (experiment.status === 'RUNNING' || scoredAt < endOf(experiment)) &&
    assignment.assignedAt.getTime() <=
      Math.max(scoredAt.getTime(), asOf.getTime() + EXPOSED_WITHIN_MS);
  return assignments.find(stood) ?? null;
}

/** When it ran no more, real time. */
function endOf({ stoppedAt, concludedAt, createdAt }: Experiment): Date {
  return stoppedAt ?? concludedAt ?? createdAt;
}
