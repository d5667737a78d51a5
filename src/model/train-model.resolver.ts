import { Arg, Ctx, ID, Mutation, Resolver } from 'type-graphql';
import type { Clock } from '../kernel/clock.js';
import { userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { Model, ModelStage as Stage } from './model.js';
import { versionNode } from './model-nodes.js';
import {
  ModelStage,
  ModelVersionPayloadType,
  ModelVersionType,
  TrainModelInputType,
} from './model.type.js';
import { planTraining, type TrainingWish } from './request-training.js';
import type { MoveResult } from './move-version.js';

export interface TrainModelResolverDeps {
  modelByName(name: string): Promise<Model | null>;
  submitJob: SubmitJob;
  /** `promoteVersion` with its deps. */
  promoteVersion(request: {
    versionId: string;
    stage: Stage;
    actor: string;
    comment: string | null;
    overrideRules: boolean;
  }): Promise<MoveResult>;
  /** `rollBackModel` with its deps. */
  rollBackModel(request: {
    model: string;
    actor: string;
    comment: string | null;
    overrideRules: boolean;
  }): Promise<MoveResult>;
  clock: Clock;
}

const OVERRIDE = {
  nullable: true,
  defaultValue: false,
  description:
    'Put it into production although it violates a business rule with a veto; for administrators, with a comment.',
};

/** Training, promotion and the way back. */
@Resolver(() => ModelVersionType)
export class TrainModelResolver {
  constructor(private readonly deps: TrainModelResolverDeps) {}

  @Mutation(() => JobPayloadType, {
    description: 'Starts a training; follow the job. Its result is the new version.',
  })
  async trainModel(
    @Arg('input', () => TrainModelInputType, { description: 'What to train, and on what.' })
    input: TrainModelInputType,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const model = await this.deps.modelByName(input.model);
    if (!model) {
      const error = userError('NOT_FOUND', `no model is named ${input.model}`, 'input', 'model');
      return { job: null, userErrors: [error] };
    }
    const { clock } = this.deps;
    const plan = planTraining(model, wishOf(input), clock.now(), clock.wall());
    if (plan.error) return { job: null, userErrors: [plan.error] };
    const job = await this.deps.submitJob('TRAIN', plan.input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }

  @Mutation(() => ModelVersionPayloadType, {
    description:
      'Moves a version to a stage. Who holds the only place of PRODUCTION or SHADOW gives way; no request is dropped.',
  })
  async promoteModel(
    @Arg('version', () => ID, { description: '`ModelVersion:<uuid>`' }) version: string,
    @Arg('stage', () => ModelStage, { defaultValue: 'PRODUCTION', description: 'Where to.' })
    stage: Stage,
    @Arg('comment', () => String, {
      nullable: true,
      description: 'Why, at most 2,000 characters; kept in the audit trail.',
    })
    comment: string | null,
    @Arg('overrideRules', () => Boolean, OVERRIDE) override: boolean | null,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionPayloadType> {
    const overrideRules = mayMove(context, override);
    const versionId = decodeUuid('ModelVersion', version);
    if (versionId === null) {
      const error = userError('INVALID', `not the id of a version: ${version}`, 'version');
      return { modelVersion: null, userErrors: [error] };
    }
    const actor = context.viewer.name;
    const request = { versionId, stage, actor, comment: comment ?? null, overrideRules };
    return payload(await this.deps.promoteVersion(request));
  }

  @Mutation(() => ModelVersionPayloadType, {
    description: 'Puts the version back that was in production before the present one.',
  })
  async rollBackModel(
    @Arg('model', () => String, { description: 'Name of the model.' }) model: string,
    @Arg('comment', () => String, {
      nullable: true,
      description: 'Why, at most 2,000 characters; kept in the audit trail.',
    })
    comment: string | null,
    @Arg('overrideRules', () => Boolean, OVERRIDE) override: boolean | null,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionPayloadType> {
    const overrideRules = mayMove(context, override);
    const actor = context.viewer.name;
    const request = { model, actor, comment: comment ?? null, overrideRules };
    return payload(await this.deps.rollBackModel(request));
  }
}

/** Whether rules are overridden. @throws AppError FORBIDDEN for who may not move versions, or not override */
function mayMove(context: RequestContext, override: boolean | null): boolean {
  authorise(context, 'model:write');
  if (override) authorise(context, 'model:override');
  return override ?? false;
}

function wishOf(input: TrainModelInputType): TrainingWish {
  return {
    asOf: input.asOf ?? null,
    horizonDays: input.horizonDays ?? null,
    label: input.label ?? null,
    algorithms: input.algorithms ?? null,
    trials: input.trials ?? null,
    seed: input.seed ?? null,
    promote: input.promote ? 'YES' : input.promoteIfBetter ? 'IF_BETTER' : 'NO',
  };
}

function payload({ version, userErrors }: MoveResult): ModelVersionPayloadType {
  return { modelVersion: version && versionNode(version), userErrors };
}
