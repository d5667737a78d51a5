import { Arg, FieldResolver, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import type { ModelNode } from '../model/model-nodes.js';
import { ModelType } from '../model/model.type.js';
import type { ModelHealth } from './model-health.js';
import { ModelHealthType } from './model-health.type.js';

/** The field of a model that points to what it answered, and its news. */
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

  @Subscription(() => ModelHealthType, {
    topics: 'modelHealth',
    topicId: toFeed,
    description:
      'What `Model.health` answers: now, then whenever the model scored or began or ceased to be replaced, at most once a second and at least every 30 seconds.',
  })
  modelHealth(
    @Root() health: ModelHealth,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    _model: string,
  ): ModelHealthType {
    return health;
  }
}

/** The source of the subscription `modelHealth`; `follow` is `followHealth` with its deps. */
export function modelHealthFeeds(follow: (name: string) => AsyncIterable<ModelHealth>): {
  modelHealth: Feed;
} {
  return {
    modelHealth: ({ args, context }) => {
      authorise(context, 'model:read');
      return follow(String(args['model']));
    },
  };
}
