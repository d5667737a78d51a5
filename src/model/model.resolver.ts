import {
  Arg,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeNumberCursor, encodeCursor, pageOf, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER } from '../graphql/page.type.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import { liveFeed } from '../graphql/live-feed.js';
import type { ModelStage as Stage, ModelVersion, RegisteredModel } from './model.js';
import { modelNode, versionNode, type ModelNode, type ModelVersionNode } from './model-nodes.js';
import { MODEL_TOPIC, modelChangedMessage } from './model.messages.js';
import {
  ModelStage,
  ModelType,
  ModelVersionConnectionType,
  ModelVersionType,
} from './model.type.js';
import type { ModelLoaders } from './version-loaders.js';

export interface ModelResolverDeps {
  listModels(): Promise<RegisteredModel[]>;
  modelByName(name: string): Promise<RegisteredModel | null>;
  versionPage(page: {
    modelId: string;
    stages: readonly Stage[] | null;
    limit: number;
    after: number | null;
  }): Promise<ModelVersion[]>;
  loaders: ModelLoaders;
}

/** Models and the list of their versions. */
@Resolver(() => ModelType)
export class ModelResolver {
  constructor(private readonly deps: ModelResolverDeps) {}

  @Query(() => [ModelType], {
    description: 'Every model and segmentation, by name; there are few.',
  })
  async models(@Ctx() context: RequestContext): Promise<ModelNode[]> {
    authorise(context, 'model:read');
    return (await this.deps.listModels()).map(modelNode);
  }

  @Query(() => ModelType, { nullable: true, description: 'One model; null when there is none.' })
  async model(
    @Arg('name', () => String, { description: 'Its key, such as churn.' }) name: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelNode | null> {
    authorise(context, 'model:read');
    const model = await this.deps.modelByName(name);
    return model && modelNode(model);
  }

  @Query(() => ModelVersionType, {
    nullable: true,
    description: 'One version; null when there is none.',
  })
  async modelVersion(
    @Arg('id', () => ID, { description: '`ModelVersion:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode | null> {
    authorise(context, 'model:read');
    const key = decodeUuid('ModelVersion', id);
    const version = key === null ? null : await this.deps.loaders.version(context).load(key);
    return version && versionNode(version);
  }

  @FieldResolver(() => ModelVersionType, {
    nullable: true,
    description: 'The version that answers.',
  })
  async production(
    @Root() model: ModelNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode | null> {
    const version = await this.deps.loaders.production(context).load(model.key);
    return version && versionNode(version);
  }

  @FieldResolver(() => ModelVersionType, {
    nullable: true,
    description: 'The version marked to be compared.',
  })
  async shadow(
    @Root() model: ModelNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelVersionNode | null> {
    const version = await this.deps.loaders.shadow(context).load(model.key);
    return version && versionNode(version);
  }

  @FieldResolver(() => ModelVersionConnectionType, { description: 'Versions, newest first.' })
  async versions(
    @Root() model: ModelNode,
    @Arg('stages', () => [ModelStage], { nullable: true, description: 'Only these stages.' })
    stages: Stage[] | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 20,
      description: 'Rows at most, 0..1000.',
    })
    wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<ModelVersionConnectionType> {
    const first = pageSize(wanted);
    const limit = first + 1;
    const position = after ? decodeNumberCursor(after) : null;
    const rows = await this.deps.versionPage({
      modelId: model.key,
      stages: stages ?? null,
      limit,
      after: position,
    });
    return pageOf(rows.map(versionNode), first, (row) => encodeCursor([row.version]));
  }

  @Subscription(() => ModelVersionType, {
    topics: 'modelPromoted',
    topicId: toFeed,
    description: 'A version that became PRODUCTION, from now on; by a promotion or a roll back.',
  })
  modelPromoted(
    @Root() version: ModelVersionNode,
    @Arg('name', () => String, { nullable: true, description: 'Only of this model.' })
    _name: string | null,
  ): ModelVersionNode {
    return version;
  }
}

export interface ModelFeedDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  modelByName(name: string): Promise<{ id: string } | null>;
  versionById(id: string): Promise<ModelVersion | null>;
}

/** The source of the subscription `modelPromoted`. */
export function modelFeeds(deps: ModelFeedDeps): { modelPromoted: Feed } {
  return {
    modelPromoted: ({ args, context }) => {
      authorise(context, 'model:read');
      const name = typeof args['name'] === 'string' ? args['name'] : null;
      return liveFeed(
        () => deps.subscribe(MODEL_TOPIC),
        async function* (messages) {
          const model = name === null ? null : await deps.modelByName(name);
          if (name !== null && !model) throw new AppError('NOT_FOUND', `no model is named ${name}`);
          for await (const message of messages) {
            const change = modelChangedMessage.parse(message);
            if (change.stage !== 'PRODUCTION' || (model && change.modelId !== model.id)) continue;
            const version = await deps.versionById(change.versionId);
            if (version) yield versionNode(version);
          }
        },
      );
    },
  };
}
