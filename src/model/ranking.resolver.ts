import { Arg, Args, Ctx, FieldResolver, Float, Int, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { CostArguments, costsOf } from './cost.type.js';
import type { ModelVersion } from './model.js';
import { versionNode, type ModelNode } from './model-nodes.js';
import { ModelType } from './model.type.js';
import { rankVersions } from './rank-versions.js';
import { ModelAdviceType, ModelGoalType, RankedVersionType } from './ranking.type.js';
import { recommendModel } from './recommend-model.js';
import { isMet } from './train/evaluate.js';
import type { ModelLoaders } from './version-loaders.js';
import { metricOf, reportOf } from './version-report.js';

export interface RankingResolverDeps {
  loaders: Pick<ModelLoaders, 'production'>;
  versionPage(page: {
    modelId: string;
    stages: null;
    limit: number;
    after: null;
  }): Promise<ModelVersion[]>;
}

/** Versions ranked at most, the newest. */
const RANKED = 100;

/** Which version, and which algorithm: what pays. */
@Resolver(() => ModelType)
export class RankingResolver {
  constructor(private readonly deps: RankingResolverDeps) {}

  @FieldResolver(() => [RankedVersionType], {
    description:
      'The newest 100 versions by net cost for a cost matrix of yours, the cheapest first; nothing is trained again. Those never measured are left out.',
  })
  async ranking(
    @Root() model: ModelNode,
    @Args(() => CostArguments) costs: CostArguments,
  ): Promise<RankedVersionType[]> {
    const matrix = costsOf(costs);
    const page = { modelId: model.key, stages: null, limit: RANKED, after: null };
    const ranked = rankVersions(await this.deps.versionPage(page), matrix);
    return ranked.map((each) => ({ ...each, version: versionNode(each.version) }));
  }

  @FieldResolver(() => [ModelGoalType], {
    description: 'Goals of the spec and what the production version reached.',
  })
  async goals(@Root() model: ModelNode, @Ctx() context: RequestContext): Promise<ModelGoalType[]> {
    const version = await this.deps.loaders.production(context).load(model.key);
    const report = version && reportOf(version);
    return (model.spec?.targets ?? []).map(({ metric, goal }) => {
      const actual = report ? metricOf(report, metric, 'TEST') : null;
      return { metric, goal, actual, met: actual === null ? null : isMet(metric, actual, goal) };
    });
  }

  @Query(() => ModelAdviceType, {
    description: 'What to try for a table of this size, by the rules in models/README.md.',
  })
  recommendModel(
    @Arg('rows', () => Int, { description: 'Labelled rows, >= 1.' }) rows: number,
    @Arg('explain', () => Boolean, {
      nullable: true,
      defaultValue: false,
      description: 'Each decision must be told as a formula a person can follow.',
    })
    explain: boolean | null,
    @Arg('positiveShare', () => Float, {
      nullable: true,
      description: 'Share of positive rows, 0..1.',
    })
    positiveShare: number | null,
    @Arg('features', () => Int, { nullable: true, description: 'Inputs, >= 1.' })
    features: number | null,
    @Ctx() context: RequestContext,
  ): ModelAdviceType {
    authorise(context, 'model:read');
    return recommendModel({
      ...{ rows, explain: explain ?? false },
      ...{ positiveShare: positiveShare ?? null, features: features ?? null },
    });
  }
}
