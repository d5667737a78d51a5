import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { AppError, userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import { GateCheckType, ReproductionCheckType } from './governance.type.js';
import { cardOfOther, modelCard } from './model-card.js';
import { versionNode, type ModelVersionNode } from './model-nodes.js';
import { ModelVersionType } from './model.type.js';
import { loadCheck, recordedChecks } from './promotion-gate.js';
import { compareVersions, planRetraining } from './retrain.js';
import type { ModelLoaders } from './version-loaders.js';
import { reportOf } from './version-report.js';

export interface GovernanceResolverDeps {
  loaders: Pick<ModelLoaders, 'model' | 'version'>;
  submitJob: SubmitJob;
  /** Loads a version as serving would, and lets go of it. @throws what is wrong with it */
  tryOut(versionId: string): Promise<void>;
}

/** What a version must pass, what is told of it, and how it is made again. */
@Resolver(() => ModelVersionType)
export class GovernanceResolver {
  constructor(private readonly deps: GovernanceResolverDeps) {}

  @FieldResolver(() => [GateCheckType], {
    description:
      'What a promotion looks at, looked at now: whether the version loads, what its record says of the graph and the business rules, and, for information, the goals.',
  })
  async gate(@Root() version: ModelVersionNode): Promise<GateCheckType[]> {
    const { key: id, report } = version;
    return [await loadCheck(() => this.deps.tryOut(id)), ...recordedChecks({ id, report })];
  }

  @FieldResolver(() => String, {
    description: 'The model card in Markdown, after Mitchell et al. (2019).',
  })
  async card(@Root() version: ModelVersionNode, @Ctx() context: RequestContext): Promise<string> {
    const model = await this.deps.loaders.model(context).load(version.modelId);
    if (!model) throw new AppError('INTERNAL', `model ${version.modelId} is gone`);
    const { spec } = model;
    const row = { ...version, id: version.key };
    return spec === null ? cardOfOther(model, row) : modelCard({ ...model, spec }, row);
  }

  @FieldResolver(() => ReproductionCheckType, {
    nullable: true,
    description: 'For a version made by `retrainVersion`: whether it came out as the one before.',
  })
  async reproduces(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<ReproductionCheckType | null> {
    const again = { ...version, id: version.key };
    const { reproduces } = reportOf(again).recipe;
    if (reproduces === undefined) return null;
    const original = await this.deps.loaders.version(context).load(reproduces);
    return original && { version: versionNode(original), ...compareVersions(original, again) };
  }

  @Mutation(() => JobPayloadType, {
    description:
      'Trains a version again by its record: the same features in the same versions, instant, label, seed and spec. The result is a new CANDIDATE whose `reproduces` says whether it came out the same.',
  })
  async retrainVersion(
    @Arg('version', () => ID, { description: '`ModelVersion:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const key = decodeUuid('ModelVersion', id);
    const version = key === null ? null : await this.deps.loaders.version(context).load(key);
    const model = version && (await this.deps.loaders.model(context).load(version.modelId));
    if (!version || !model) {
      const error = userError('NOT_FOUND', `no model version has the id ${id}`, 'version');
      return { job: null, userErrors: [error] };
    }
    const { name, spec } = model;
    if (spec === null) {
      const why = `${name} is a segmentation: run it again with its features and seed`;
      return { job: null, userErrors: [userError('INVALID', why, 'version')] };
    }
    const plan = planRetraining({ name, spec }, version);
    if (plan.error) return { job: null, userErrors: [plan.error] };
    const job = await this.deps.submitJob('TRAIN', plan.input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }
}
