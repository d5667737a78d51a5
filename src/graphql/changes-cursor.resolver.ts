import { Arg, Ctx, Query, registerEnumType, Resolver } from 'type-graphql';
import type { FeedTopic } from '../kernel/feed.js';
import { authorise, type Permission } from './authorise.js';
import type { RequestContext } from './context.js';
import { feedCursor } from './feed-cursor.js';

export const ChangeTopic = {
  ALERT: 'ALERT',
  DRIFT: 'DRIFT',
  JOB: 'JOB',
  RISK: 'RISK',
} as const;

registerEnumType(ChangeTopic, {
  name: 'ChangeTopic',
  description: 'What subscriptions can be resumed of.',
  valuesConfig: {
    ALERT: { description: 'Of `alertChanged`.' },
    DRIFT: { description: 'Of `driftDetected`.' },
    JOB: { description: 'Of `jobChanged`.' },
    RISK: { description: 'Of `riskCrossed`.' },
  },
});

const TOPICS: Record<keyof typeof ChangeTopic, { topic: FeedTopic; needs: Permission }> = {
  ALERT: { topic: 'alert', needs: 'alert:read' },
  DRIFT: { topic: 'drift', needs: 'drift:read' },
  JOB: { topic: 'job', needs: 'job:read' },
  RISK: { topic: 'risk', needs: 'model:read' },
};

/** Where changes stand now, for who reads a list first and subscribes then. */
@Resolver()
export class ChangesCursorResolver {
  constructor(private readonly deps: { head(topic: FeedTopic): Promise<number> }) {}

  @Query(() => String, {
    description:
      'Where the changes stand now. Ask for it before a list, then subscribe with it as `after`: nothing falls between the two.',
  })
  async changesCursor(
    @Arg('topic', () => ChangeTopic, { description: 'Of which subscription.' })
    name: keyof typeof ChangeTopic,
    @Ctx() context: RequestContext,
  ): Promise<string> {
    const { topic, needs } = TOPICS[name];
    authorise(context, needs);
    return feedCursor(topic, await this.deps.head(topic));
  }
}
