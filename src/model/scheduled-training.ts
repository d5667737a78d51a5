import type { SubmitJob } from '../job/submit-job.js';
import type { Clock } from '../kernel/clock.js';
import type { Model } from './model.js';
import { planTraining } from './request-training.js';
import { nextTrainingAt } from './schedule.js';
import type { ScheduleStore } from './schedule.store.js';

export interface TrainOnScheduleDeps extends ScheduleStore {
  listModels(): Promise<Model[]>;
  submitJob: SubmitJob;
  /** Instants of features and labels go by `now`, what is due by `wall`. */
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Told of a training that is due and cannot be asked for. */
  onRefused(model: string, why: string): void;
}

/**
 * A nightly look is never to the second 24 hours after the one before, and an hour less when summer time begins: what
 * falls due within two hours of a look is asked for by it, or each night would slip to the next.
 */
export const EARLY_MS = 7_200_000;

/**
 * Asks for a training of every model whose schedule says that one is due, created by `schedule`. Evaluators that meet
 * ask for one between them. @returns the ids of the jobs
 */
export async function trainOnSchedule(deps: TrainOnScheduleDeps): Promise<string[]> {
  return (await deps.alone(() => askForWhatIsDue(deps))) ?? [];
}

async function askForWhatIsDue(deps: TrainOnScheduleDeps): Promise<string[]> {
  const { clock, lastTrainings, submitJob, onRefused } = deps;
  const models = (await deps.listModels()).filter(({ spec }) => spec.schedule !== null);
  const runs = await lastTrainings(models.map(({ name }) => name));
  const asked: string[] = [];
  for (const model of models) {
    const { schedule } = model.spec;
    const own = runs.filter((run) => run.model === model.name);
    const at = schedule && nextTrainingAt(schedule, own, model.createdAt);
    if (!schedule || !at || at.getTime() - EARLY_MS > clock.wall().getTime()) continue;
    const fromSpec = { asOf: null, horizonDays: null, label: null, algorithms: null };
    const wish = { ...fromSpec, trials: null, seed: null, promote: schedule.promote };
    const plan = planTraining(model, wish, clock.now(), clock.wall());
    if (plan.error) onRefused(model.name, plan.error.message);
    else asked.push((await submitJob('TRAIN', plan.input, 'schedule')).id);
  }
  return asked;
}
