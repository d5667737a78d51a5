import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import {
  FeaturePayloadType,
  FeatureType,
  toFeatureType,
  UpdateFeatureInputType,
} from './feature.type.js';
import type { ChangeFeatureResult } from './move-feature.js';
import type { UpdateFeatureInput } from './update-feature.js';

export interface FeatureUpdateResolverDeps {
  updateFeature: (input: UpdateFeatureInput, actor: string) => Promise<ChangeFeatureResult>;
}

/** Edits of what is said of a feature. */
@Resolver(() => FeatureType)
export class FeatureUpdateResolver {
  constructor(private readonly deps: FeatureUpdateResolverDeps) {}

  @Mutation(() => FeaturePayloadType, {
    description:
      'Edits description, meaning, owner and tags of a version; what it computes never changes.',
  })
  async updateFeature(
    @Ctx() context: RequestContext,
    @Arg('input', () => UpdateFeatureInputType, { description: 'What to say from now on.' })
    input: UpdateFeatureInputType,
  ): Promise<FeaturePayloadType> {
    authorise(context, 'feature:write');
    const { feature, errors } = await this.deps.updateFeature(input, context.viewer.name);
    return { feature: feature && toFeatureType(feature), userErrors: errors };
  }
}
