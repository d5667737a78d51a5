import { Arg, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import type { FollowedFeed } from '../graphql/followed-feed.js';
import { filterFeed, mapFeed } from '../graphql/live-feed.js';
import { AppError } from '../kernel/error.js';
import type { FeedEntry } from '../kernel/feed.js';
import { experimentNode, type ExperimentNode } from './experiment-nodes.js';
import { LOOK, type Experiment } from './experiment.js';
import { ExperimentType } from './experiment.type.js';

/** A change of an experiment, with its row as it was when the change was read. */
export interface ExperimentChange extends Pick<FeedEntry, 'id' | 'keys'> {
  row: Experiment | null;
}

/** News of experiments. */
@Resolver(() => ExperimentType)
export class ExperimentChangedResolver {
  @Subscription(() => ExperimentType, {
    topics: 'experimentChanged',
    topicId: toFeed,
    description: 'The experiment now, then every change, and whenever its results were kept.',
  })
  experimentChanged(
    @Root() experiment: ExperimentNode,
    @Arg('key', () => String, { description: 'Key of the experiment.' }) _key: string,
    @Ctx() context: RequestContext,
  ): ExperimentNode {
    authorise(context, 'experiment:read');
    return experiment;
  }
}

export interface ExperimentFeedDeps {
  changes: Pick<FollowedFeed<ExperimentChange>, 'follow'>;
  experimentByKey(key: string): Promise<Experiment | null>;
}

/** The source of the subscription `experimentChanged`. */
export function experimentFeeds(deps: ExperimentFeedDeps): { experimentChanged: Feed } {
  return {
    experimentChanged: ({ args, context }) => {
      authorise(context, 'experiment:read');
      const key = String(args['key']);
      const changes = deps.changes.follow({
        after: null,
        accept: ({ row }) => row?.key === key,
        begin: async () => {
          const row = await deps.experimentByKey(key);
          if (!row) throw new AppError('NOT_FOUND', `no experiment has the key ${key}`);
          return { id: 0, keys: {}, row };
        },
      });
      return mapFeed(filterFeed(changes, newerThanTold()), ({ row }) =>
        experimentNode(row as Experiment),
      );
    },
  };
}

/**
 * Rows are read when a change is, so that one change can show what a later one made. Told is only what is newer than
 * what was told before, and that results were kept; every change of an experiment leaves its instant.
 */
export function newerThanTold(): (change: ExperimentChange) => boolean {
  let told = { at: -Infinity, text: '' };
  return ({ keys, row }) => {
    if (!row) return false;
    const { createdAt, startedAt, stoppedAt, concludedAt } = row;
    const instants = [createdAt, startedAt, stoppedAt, concludedAt];
    const at = Math.max(...instants.map((instant) => instant?.getTime() ?? -Infinity));
    const text = JSON.stringify(row);
    if (at < told.at || (text === told.text && keys['what'] !== LOOK)) return false;
    told = { at, text };
    return true;
  };
}
