import { Arg, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { feedCursor, feedPosition } from '../graphql/feed-cursor.js';
import { FEED_AFTER } from '../graphql/feed.type.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import type { FollowedFeed } from '../graphql/followed-feed.js';
import { mapFeed } from '../graphql/live-feed.js';
import type { FeedEntry } from '../kernel/feed.js';
import { alertFromSnapshot } from './alert-node.js';
import { SEVERITIES, type AlertSnapshot, type Severity as SeverityName } from './alert.js';
import { AlertType, Severity } from './alert.type.js';

/** News of incidents. */
@Resolver(() => AlertType)
export class AlertChangedResolver {
  @Subscription(() => AlertType, {
    topics: 'alertChanged',
    topicId: toFeed,
    description:
      'Alerts as they change from when they fire on, each as it was then, with a cursor; with `after`, first all that was missed since that cursor, then live: none lost, none twice.',
  })
  alertChanged(
    @Root() alert: AlertType,
    @Arg('minSeverity', () => Severity, {
      nullable: true,
      description: 'Only from this on; default: all.',
    })
    _minSeverity: SeverityName | null,
    @Arg('after', () => String, FEED_AFTER) _after: string | null,
    @Ctx() context: RequestContext,
  ): AlertType {
    authorise(context, 'alert:read');
    return alert;
  }
}

/** The source of the subscription `alertChanged`. */
export function alertFeeds(deps: { changes: Pick<FollowedFeed<FeedEntry>, 'follow'> }): {
  alertChanged: Feed;
} {
  return {
    alertChanged: ({ args, context }) => {
      authorise(context, 'alert:read');
      const least = SEVERITIES.indexOf((args['minSeverity'] as SeverityName | null) ?? 'LOW');
      const after = feedPosition('alert', args['after']);
      const wanted = ({ keys }: FeedEntry): boolean =>
        SEVERITIES.indexOf(keys['severity'] as SeverityName) >= least;
      return mapFeed(deps.changes.follow({ after, accept: wanted }), ({ id, payload }) =>
        // written by this room, of that shape
        alertFromSnapshot(payload as AlertSnapshot, feedCursor('alert', id)),
      );
    },
  };
}
