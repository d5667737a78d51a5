import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { ModelNode } from '../model/model-nodes.js';
import { ModelType } from '../model/model.type.js';
import type { ModelHealth } from './model-health.js';
import { ModelHealthType } from './model-health.type.js';

/** The field of a model that points to what it answered. */
@Resolver(() => ModelType)
export class ModelHealthResolver {
  constructor(
    private readonly deps: {
      /** `modelHealth` with its deps. */
      modelHealth(model: { id: string; name: string }): Promise<ModelHealth>;
    },
  ) {}

  @FieldResolver(() => ModelHealthType, {
    description: 'Makes a real prediction now, and counts the last 24 hours.',
  })
  health(@Root() { key, name }: ModelNode): Promise<ModelHealthType> {
    return this.deps.modelHealth({ id: key, name });
  }
}
