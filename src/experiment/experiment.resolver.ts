import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeUuid } from '../kernel/id.js';
import {
  modelNode,
  versionNode,
  type ModelNode,
  type ModelVersionNode,
} from '../model/model-nodes.js';
import { ModelType, ModelVersionType } from '../model/model.type.js';
import type { ModelLoaders } from '../model/version-loaders.js';
import { INVALID_ID, type ExperimentDraft, type VariantDraft } from './check-experiment.js';
import type { createExperiment } from './create-experiment.js';
import type { ExperimentEvent, ExperimentStatus as Status } from './experiment.js';
import type { ExperimentLoaders } from './experiment-loaders.js';
import {
  experimentNode,
  variantNode,
  variantNodes,
  type ExperimentNode,
  type VariantNode,
} from './experiment-nodes.js';
import type { ExperimentStore } from './experiment.store.js';
import {
  CreateExperimentInputType,
  ExperimentPayloadType,
  ExperimentStatus,
  ExperimentType,
  VariantType,
  type VariantInputType,
} from './experiment.type.js';
import type { moveExperiment } from './move-experiment.js';

type Result = Awaited<ReturnType<typeof createExperiment>>;

export interface ExperimentResolverDeps extends Pick<ExperimentStore, 'list' | 'byKey'> {
  create(draft: ExperimentDraft, actor: string): ReturnType<typeof createExperiment>;
  move(request: {
    key: string;
    event: ExperimentEvent;
    actor: string;
    winner: string | null;
  }): ReturnType<typeof moveExperiment>;
  modelLoaders: Pick<ModelLoaders, 'model' | 'version'>;
}

/** Experiments: read, written down, started, stopped, concluded. */
@Resolver(() => ExperimentType)
export class ExperimentResolver {
  constructor(private readonly deps: ExperimentResolverDeps) {}

  @Query(() => [ExperimentType], {
    description: 'Experiments, the newest first; at most 1,000.',
  })
  async experiments(
    @Ctx() context: RequestContext,
    @Arg('status', () => [ExperimentStatus], {
      nullable: true,
      description: 'Only of these; default all.',
    })
    status: Status[] | null | undefined,
  ): Promise<ExperimentNode[]> {
    authorise(context, 'experiment:read');
    return (await this.deps.list(status ?? null)).map(experimentNode);
  }

  @Query(() => ExperimentType, {
    nullable: true,
    description: 'One experiment; null when there is none.',
  })
  async experiment(
    @Arg('key', () => String, { description: 'Its key.' }) key: string,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentNode | null> {
    authorise(context, 'experiment:read');
    const experiment = await this.deps.byKey(key);
    return experiment && experimentNode(experiment);
  }

  @Mutation(() => ExperimentPayloadType, {
    description:
      'Writes an experiment down; nobody is assigned before it is started. Every problem of the input is told at once. Audited.',
  })
  async createExperiment(
    @Arg('input', () => CreateExperimentInputType, { description: 'The experiment.' })
    input: CreateExperimentInputType,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentPayloadType> {
    authorise(context, 'experiment:write');
    return payload(await this.deps.create(draftOf(input), context.viewer.name));
  }

  @Mutation(() => ExperimentPayloadType, {
    description:
      'Assigns customers from now on, within the window. Refused while another experiment runs the same model at an overlapping window. Audited.',
  })
  startExperiment(
    @Arg('key', () => String, { description: 'Of an experiment that is DRAFT or STOPPED.' })
    key: string,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentPayloadType> {
    return this.move(context, key, 'START');
  }

  @Mutation(() => ExperimentPayloadType, {
    description:
      'Assigns nobody any more; who is in an arm stays in the results, and can go on when it is started again. Audited.',
  })
  stopExperiment(
    @Arg('key', () => String, { description: 'Of an experiment that is RUNNING.' }) key: string,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentPayloadType> {
    return this.move(context, key, 'STOP');
  }

  @Mutation(() => ExperimentPayloadType, {
    description:
      'Ends an experiment for good, with or without a winner. A winning version of a model is not promoted by it: promoteModel does that, with its own checks. Audited.',
  })
  concludeExperiment(
    @Arg('key', () => String, { description: 'Of an experiment that is RUNNING or STOPPED.' })
    key: string,
    @Arg('winner', () => String, {
      nullable: true,
      description: 'Key of one of its variants; null: none.',
    })
    winner: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<ExperimentPayloadType> {
    return this.move(context, key, 'CONCLUDE', winner ?? null);
  }

  private async move(
    context: RequestContext,
    key: string,
    event: ExperimentEvent,
    winner: string | null = null,
  ): Promise<ExperimentPayloadType> {
    authorise(context, 'experiment:write');
    return payload(await this.deps.move({ key, event, winner, actor: context.viewer.name }));
  }

  @FieldResolver(() => ModelType, {
    nullable: true,
    description: 'The model of which the arms are versions; null where they are treatments.',
  })
  async model(
    @Root() { row }: ExperimentNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelNode | null> {
    if (row.modelId === null) return null;
    const model = await this.deps.modelLoaders.model(context).load(row.modelId);
    return model && modelNode(model);
  }

  @FieldResolver(() => [VariantType], {
    description: 'Its 2..20 arms, in the order in which the hash is dealt out.',
  })
  variants(@Root() { row }: ExperimentNode): VariantNode[] {
    return variantNodes(row);
  }

  @FieldResolver(() => VariantType, {
    nullable: true,
    description: 'The arm it was concluded with; null: none, or not concluded.',
  })
  winner(@Root() { row }: ExperimentNode): VariantNode | null {
    return row.winner === null ? null : variantNode(row, row.winner);
  }
}

export interface VariantResolverDeps {
  modelLoaders: Pick<ModelLoaders, 'version'>;
  loaders: Pick<ExperimentLoaders, 'armCounts'>;
}

/** What an arm points to. */
@Resolver(() => VariantType)
export class VariantResolver {
  constructor(private readonly deps: VariantResolverDeps) {}

  @FieldResolver(() => ModelVersionType, {
    nullable: true,
    description: 'The version that answers in this arm; null where the arm is a treatment.',
  })
  async modelVersion(
    @Root() { row }: VariantNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode | null> {
    if (row.modelVersionId === null) return null;
    const version = await this.deps.modelLoaders.version(context).load(row.modelVersionId);
    return version && versionNode(version);
  }

  @FieldResolver(() => Int, {
    description: 'Customers who were told this arm so far, and those imported into it, >= 0.',
  })
  async users(
    @Root() { experimentId, key }: VariantNode,
    @Ctx() context: RequestContext,
  ): Promise<number> {
    const counts = await this.deps.loaders.armCounts(context).load(experimentId);
    return counts.get(key)?.users ?? 0;
  }
}

function payload({ experiment, userErrors }: Result): ExperimentPayloadType {
  return { experiment: experiment && experimentNode(experiment), userErrors };
}

/** What was left out, or given as null, is the default. */
function draftOf(input: CreateExperimentInputType): ExperimentDraft {
  const { key, hypothesis, primaryMetric, startsAt, endsAt, variants } = input;
  return {
    ...{ key, hypothesis, primaryMetric, startsAt, endsAt },
    model: input.model ?? null,
    variants: variants.map(variantOf),
    trafficShare: input.trafficShare ?? 1,
    holdoutShare: input.holdoutShare ?? 0,
    guardrails: input.guardrails ?? [],
    lowerIsBetter: input.lowerIsBetter ?? [],
    minimumUsers: input.minimumUsers ?? 100,
    prePeriodDays: input.prePeriodDays ?? 28,
  };
}

function variantOf(input: VariantInputType): VariantDraft {
  const { key, weight, control, payload } = input;
  const version = input.modelVersion ?? null;
  return {
    ...{ key, weight, control: control ?? false, payload: payload ?? {} },
    modelVersionId: version === null ? null : (decodeUuid('ModelVersion', version) ?? INVALID_ID),
  };
}
