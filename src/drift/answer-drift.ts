import type { Job } from '../job/job.js';
import { DAY_MS, type Clock } from '../kernel/clock.js';
import type { Model, ModelVersion } from '../model/model.js';
import { planTraining, type TrainingWish } from '../model/request-training.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { ServedModel } from '../model/serving.js';
import type { DriftAction } from './drift.js';

/** Name under which trainings are asked for. */
export const DRIFT_ACTOR = 'drift';
/** After a training that drift asked for, none is asked for so long. */
const COOL_DOWN_MS = DAY_MS;

/** Trainings of a model that were asked for, by whomever. */
export interface RecentTrainings {
  /** One that waits or runs; uuid. */
  waitingId: string | null;
  /** When drift last asked for one. */
  lastByDrift: Date | null;
}

/** What is to be done about a verdict. ASK: a training is to be asked for. */
export type NextAnswer =
  | { kind: 'NONE' }
  | { kind: 'ALERTED'; why: string }
  | { kind: 'JOIN'; jobId: string }
  | { kind: 'ASK' };

/**
 * One training at most: none where nothing calls for one, none beside one that waits or runs (that one is linked), none within a
 * day of the last that drift asked for, none where nothing can be learnt. @param wall real time
 */
export function nextAnswer(
  verdict: { drifted: boolean; accuracyFell: boolean; nothingToLearn: string | null },
  { waitingId, lastByDrift }: RecentTrainings,
  wall: Date,
): NextAnswer {
  if (!verdict.drifted && !verdict.accuracyFell) return { kind: 'NONE' };
  if (waitingId !== null) return { kind: 'JOIN', jobId: waitingId };
  if (verdict.nothingToLearn !== null) return { kind: 'ALERTED', why: verdict.nothingToLearn };
  const until = lastByDrift && lastByDrift.getTime() + COOL_DOWN_MS;
  if (until !== null && until > wall.getTime())
    return {
      kind: 'ALERTED',
      why: `drift asked for a training at ${lastByDrift?.toISOString() ?? ''}, and asks for none until ${new Date(until).toISOString()}`,
    };
  return { kind: 'ASK' };
}

export interface AnswerDriftDeps {
  /** Does `work` while nobody else does so for the model. */
  alone<T>(modelId: string, work: () => Promise<T>): Promise<T>;
  recentTrainings(model: string): Promise<RecentTrainings>;
  /** Whether outcomes were recorded for the model. */
  hasOutcomes(modelId: string): Promise<boolean>;
  /** Whether an event of that instant or later is known. */
  hasEventsSince(at: Date): Promise<boolean>;
  submitJob: SubmitJob;
  clock: Pick<Clock, 'now' | 'wall'>;
}

/** What was done about a verdict. */
export interface Answer {
  action: DriftAction;
  retrainingJobId: string | null;
  /** A sentence, where there is something to say. */
  why: string | null;
}

/**
 * Asks for one training of a model that has drifted, to be promoted only if it is better on the newest labelled rows. Checks that
 * meet ask for one between them.
 */
export async function answerDrift(
  deps: AnswerDriftDeps,
  { model, version }: Pick<ServedModel, 'model' | 'version'>,
  verdict: { drifted: boolean; accuracyFell: boolean },
): Promise<Answer> {
  const nothing = { action: 'NONE' as const, retrainingJobId: null, why: null };
  if (!verdict.drifted && !verdict.accuracyFell) return nothing;
  const nothingToLearn = await whyNothingToLearn(deps, model, version);
  return deps.alone(model.id, async () => {
    const recent = await deps.recentTrainings(model.name);
    const next = nextAnswer({ ...verdict, nothingToLearn }, recent, deps.clock.wall());
    switch (next.kind) {
      case 'NONE':
        return nothing;
      case 'ALERTED':
        return { action: 'ALERTED', retrainingJobId: null, why: next.why };
      case 'JOIN':
        return {
          action: 'RETRAINING',
          retrainingJobId: next.jobId,
          why: 'a training waits or runs already',
        };
      case 'ASK':
        return ask(deps, model);
    }
  });
}

async function whyNothingToLearn(
  deps: Pick<AnswerDriftDeps, 'hasOutcomes' | 'hasEventsSince'>,
  model: Model,
  { dataUntil }: Pick<ModelVersion, 'dataUntil'>,
): Promise<string | null> {
  if (model.spec.label.kind !== 'NO_EVENT')
    return (await deps.hasOutcomes(model.id))
      ? null
      : 'nothing is learnt anew: no outcome was recorded for the model';
  return dataUntil === null || (await deps.hasEventsSince(dataUntil))
    ? null
    : 'nothing is learnt anew: no event was recorded since the data that the version was made from, time alone moved';
}

const WISH: TrainingWish = {
  asOf: null,
  horizonDays: null,
  label: null,
  algorithms: null,
  trials: null,
  seed: null,
  promote: 'IF_BETTER',
};

async function ask(deps: AnswerDriftDeps, model: Model): Promise<Answer> {
  const plan = planTraining(model, WISH, deps.clock.now(), deps.clock.wall());
  if (plan.error)
    return {
      action: 'ALERTED',
      retrainingJobId: null,
      why: `no training could be asked for: ${plan.error.message}`,
    };
  const job: Job = await deps.submitJob('TRAIN', plan.input, DRIFT_ACTOR);
  return { action: 'RETRAINING', retrainingJobId: job.id, why: 'one training was asked for' };
}
