import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { AppError, userError } from '../kernel/error.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { Serving } from '../model/serving.js';
import type { ModelOrElseDeps } from './degrade-answers.js';
import { overridesOf } from './override-inputs.js';
import { verdictOf } from './prediction.js';
import type { ScoredRowNode } from './prediction.resolver.js';
import { PredictionType, ScoredRowType, ScoreInputType } from './prediction.type.js';
import { scoreRows } from './score-rows.js';
import { planScoreRun } from './score-users.js';

export interface ScoreResolverDeps extends Omit<ModelOrElseDeps, 'clock'> {
  serving: Pick<Serving, 'current' | 'refresh'>;
  submitJob: SubmitJob;
}

/** Scores for nobody, and for everyone. */
@Resolver(() => PredictionType)
export class ScoreResolver {
  constructor(private readonly deps: ScoreResolverDeps) {}

  @Query(() => [ScoredRowType], {
    description:
      'Scores rows that belong to nobody: what-if sweeps, external callers. At most 1,000 rows, all as one batch, in the order given.',
  })
  async score(
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    model: string,
    @Arg('rows', () => [ScoreInputType], { description: 'The rows, at most 1,000.' })
    rows: ScoreInputType[],
    @Ctx() context: RequestContext,
  ): Promise<ScoredRowNode[]> {
    authorise(context, 'model:read');
    const served = this.deps.serving.current(model);
    if (!served) throw new AppError('NOT_FOUND', `no model named ${model} is in production`);
    const given = rows.map((row) => overridesOf(row.features));
    const asOf = context.clock.now();
    const deps = { ...this.deps, clock: context.clock };
    const scored = await scoreRows(deps, served, given, { asOf, signal: context.signal });
    const scoredAt = context.clock.wall();
    return scored.map(({ probability, source, inputs }, index) => ({
      key: rows[index]?.key ?? '',
      probability,
      ...verdictOf(probability, served.threshold, served.model.spec),
      source,
      explainable: {
        modelVersionId: served.version.id,
        inputs,
        byRules: source === 'RULES',
      },
      asOf,
      scoredAt,
    }));
  }

  @Mutation(() => JobPayloadType, {
    description: 'Scores every eligible customer into the ledger; follow the job.',
  })
  async scoreUsers(
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    model: string,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      description: 'Only events before it count; default now.',
    })
    asOf: Date | null,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    if (!this.deps.serving.current(model)) await this.deps.serving.refresh(); // promoted elsewhere just now
    const served = this.deps.serving.current(model);
    if (!served) {
      const error = userError('NOT_FOUND', `no model named ${model} is in production`, 'model');
      return { job: null, userErrors: [error] };
    }
    const latest = new Date(
      Math.max(context.clock.now().getTime(), context.clock.wall().getTime()),
    );
    if (asOf && asOf > latest) {
      const message = `asOf must not be after ${latest.toISOString()}, got ${asOf.toISOString()}`;
      return { job: null, userErrors: [userError('INVALID', message, 'asOf')] };
    }
    const input = planScoreRun(served, asOf ?? context.clock.now());
    const job = await this.deps.submitJob('SCORE', input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }
}
