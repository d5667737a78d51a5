import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { FeatureType } from '../feature/feature.type.js';
import type { ModelVersion } from './model.js';
import { takesFeature } from './model-features.js';
import { versionNode, type ModelVersionNode } from './model-nodes.js';
import { ModelVersionType } from './model.type.js';
import { reportOf } from './version-report.js';

export interface FeatureUsedByDeps {
  versionsUsing(names: readonly string[]): Promise<ModelVersion[]>;
}

/** The field of a feature that points to models. */
@Resolver(() => FeatureType)
export class FeatureUsedByResolver {
  private readonly loader: (context: RequestContext) => DataLoader<string, ModelVersion[]>;

  constructor(deps: FeatureUsedByDeps) {
    this.loader = perRequest(
      () =>
        new DataLoader<string, ModelVersion[]>(async (names) => {
          const versions = await deps.versionsUsing(names);
          return names.map((name) =>
            versions.filter((version) => version.featureNames.includes(name)),
          );
        }),
    );
  }

  @FieldResolver(() => [ModelVersionType], {
    description: 'Versions of models that take this version of the feature, newest first.',
  })
  async usedBy(
    @Root() { feature }: FeatureType,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode[]> {
    const versions = await this.loader(context).load(feature.name);
    return versions
      .filter((version) =>
        takesFeature(feature, version.featureNames, reportOf(version).recipe.features),
      )
      .map(versionNode);
  }
}
