import type DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, pageOf, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import type { Job } from '../job/job.js';
import { jobNode, type JobNode } from '../job/job-node.js';
import { JobPayloadType, JobType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { decodeUuid, isUuid } from '../kernel/id.js';
import type { Model } from '../model/model.js';
import {
  modelNode,
  versionNode,
  type ModelNode,
  type ModelVersionNode,
} from '../model/model-nodes.js';
import { ModelType, ModelVersionType } from '../model/model.type.js';
import type { ModelLoaders } from '../model/version-loaders.js';
import type { DriftLoaders } from './drift-loaders.js';
import {
  driftReferenceNode,
  driftReportNode,
  type DriftReferenceNode,
  type DriftReportNode,
} from './drift-node.js';
import type { DriftReport } from './drift.js';
import {
  DetectDriftInputType,
  DriftReferenceType,
  DriftReportConnectionType,
  DriftReportType,
} from './drift.type.js';
import { planDrift, planReset, type DriftPlan } from './plan-drift.js';

export interface DriftResolverDeps {
  modelByName(name: string): Promise<Model | null>;
  /** Uuid of what is in production; null for nothing. */
  productionOf(model: Model): Promise<string | null>;
  reportPage(page: {
    modelId: string;
    limit: number;
    after: string | null;
  }): Promise<DriftReport[]>;
  submitJob: SubmitJob;
  loaders: DriftLoaders;
  models: Pick<ModelLoaders, 'model' | 'version'>;
  jobLoader(context: RequestContext): DataLoader<string, Job | null>;
  clock: Clock;
}

/** Checks of drift: asking for one, reading them, another reference. */
@Resolver(() => DriftReportType)
export class DriftResolver {
  constructor(private readonly deps: DriftResolverDeps) {}

  @Mutation(() => JobPayloadType, {
    description:
      'Compares two windows of the version in production; follow the job. Its result is a DriftReport. Drift asks for one training by itself.',
  })
  async detectDrift(
    @Arg('input', () => DetectDriftInputType, { description: 'Which model, and which windows.' })
    input: DetectDriftInputType,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const { clock } = this.deps;
    const wish = {
      model: input.model,
      referenceFrom: input.referenceFrom ?? null,
      referenceUntil: input.referenceUntil ?? null,
      currentFrom: input.currentFrom ?? null,
      currentUntil: input.currentUntil ?? null,
    };
    const model = await this.deps.modelByName(input.model);
    const versionId = model && (await this.deps.productionOf(model));
    const latest = new Date(Math.max(clock.now().getTime(), clock.wall().getTime()));
    const plan = planDrift(wish, { known: model !== null, versionId }, clock.now(), latest);
    return this.submitted(plan, context);
  }

  @Mutation(() => JobPayloadType, {
    description:
      'Makes the newer half of the window that was looked at last (all of it, where it was given no beginning) the reference of the version in production; follow the job. Audited.',
  })
  async resetDriftReference(
    @Arg('model', () => String, { description: 'Name of the model.' }) name: string,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'drift:write');
    const model = await this.deps.modelByName(name);
    const versionId = model && (await this.deps.productionOf(model));
    const page = model && { modelId: model.id, limit: 1, after: null };
    const [last] = page ? await this.deps.reportPage(page) : [];
    const checked = last?.jobId ? await this.deps.jobLoader(context).load(last.jobId) : null;
    const plan = planReset(name, {
      ...{ known: model !== null, versionId, last: last ?? null },
      begun: typeof checked?.input['currentFrom'] === 'string',
    });
    return this.submitted(plan, context);
  }

  @Query(() => DriftReportConnectionType, { description: 'Reports of a model, newest first.' })
  async driftReports(
    @Arg('model', () => String, { description: 'Name of the model.' }) name: string,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<DriftReportConnectionType> {
    authorise(context, 'drift:read');
    const first = pageSize(wanted);
    const position = after ? cursorPosition(after) : null;
    const model = await this.deps.modelByName(name);
    if (!model) throw new AppError('NOT_FOUND', `no model is named ${name.slice(0, 80)}`);
    const page = { modelId: model.id, limit: first + 1, after: position };
    const rows = await this.deps.reportPage(page);
    const { nodes, pageInfo } = pageOf(rows, first, ({ id }) => encodeCursor([id]));
    return { nodes: nodes.map(driftReportNode), pageInfo };
  }

  @Query(() => DriftReportType, {
    nullable: true,
    description: 'One report; null when there is none.',
  })
  async driftReport(
    @Arg('id', () => ID, { description: '`DriftReport:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<DriftReportNode | null> {
    authorise(context, 'drift:read');
    const key = decodeUuid('DriftReport', id);
    const found = key === null ? null : await this.deps.loaders.report(context).load(key);
    return found && driftReportNode(found);
  }

  @FieldResolver(() => ModelType, { description: 'The model.' })
  async model(
    @Root() { modelId }: DriftReportNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelNode> {
    const model = await this.deps.models.model(context).load(modelId);
    if (!model) throw new AppError('INTERNAL', `model ${modelId} is gone`);
    return modelNode(model);
  }

  @FieldResolver(() => ModelVersionType, { description: 'The version that was looked at.' })
  async modelVersion(
    @Root() { modelVersionId }: DriftReportNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode> {
    const version = await this.deps.models.version(context).load(modelVersionId);
    if (!version) throw new AppError('INTERNAL', `model version ${modelVersionId} is gone`);
    return versionNode(version);
  }

  @FieldResolver(() => JobType, {
    nullable: true,
    description: 'The training that was asked for, or waited already. Needs the right to see jobs.',
  })
  retraining(
    @Root() { retrainingJobId }: DriftReportNode,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    return this.jobOf(retrainingJobId, context);
  }

  @FieldResolver(() => JobType, {
    nullable: true,
    description: 'The job that made it. Needs the right to see jobs.',
  })
  job(@Root() { jobId }: DriftReportNode, @Ctx() context: RequestContext): Promise<JobNode | null> {
    return this.jobOf(jobId, context);
  }

  private async jobOf(id: string | null, context: RequestContext): Promise<JobNode | null> {
    authorise(context, 'job:read');
    const job = id === null ? null : await this.deps.jobLoader(context).load(id);
    return job && jobNode(job);
  }

  private async submitted(plan: DriftPlan, context: RequestContext): Promise<JobPayloadType> {
    if (plan.error) return { job: null, userErrors: [plan.error] };
    const job = await this.deps.submitJob('DRIFT', plan.input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }
}

function cursorPosition(after: string): string {
  const [id] = decodeCursor(after, 1);
  if (typeof id === 'string' && isUuid(id)) return id;
  throw new AppError('INVALID', `after is not a cursor of this connection: ${after.slice(0, 80)}`);
}

/** What a version is compared with. */
@Resolver(() => ModelVersionType)
export class DriftReferenceResolver {
  constructor(private readonly deps: { loaders: Pick<DriftLoaders, 'referenceOf'> }) {}

  @FieldResolver(() => DriftReferenceType, {
    nullable: true,
    description:
      'What its windows are compared with; null where nothing was kept yet. Needs the right to see drift.',
  })
  async driftReference(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<DriftReferenceNode | null> {
    authorise(context, 'drift:read');
    const found = await this.deps.loaders.referenceOf(context).load(version.key);
    return found && driftReferenceNode(found);
  }
}
