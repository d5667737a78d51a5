import type { RequestContext } from './context.js';

/** What a subscription's source gets: its arguments as given (defaults filled in) and who asks. */
export interface FeedRequest {
  args: Record<string, unknown>;
  context: RequestContext;
}

/**
 * The source of one subscription: authorises at once (throwing refuses the subscription), then
 * answers the payloads that the subscription's method gets as `@Root()`.
 */
export type Feed = (request: FeedRequest) => AsyncIterable<unknown>;

/** Option of `@Subscription`: hands arguments and context to the feed, in the place of a topic id. */
export function toFeed(data: { args: Record<string, unknown>; context: object }): FeedRequest {
  return { args: data.args, context: data.context as RequestContext };
}

/**
 * The `pubSub` of the schema: `subscribe` picks the feed by its name. A `@Subscription` with
 * `topics: 'job', topicId: toFeed` reads from `feeds.job`; nothing publishes through the schema.
 */
export function feedPubSub(feeds: Readonly<Record<string, Feed>>): {
  publish(topic: string): void;
  subscribe(topic: string, request: unknown): AsyncIterable<unknown>;
} {
  return {
    publish: (topic) => {
      throw new Error(`publish through the bus, not the schema: ${topic}`);
    },
    subscribe: (topic, request) => {
      const feed = feeds[topic];
      if (!feed) throw new Error(`no feed named ${topic}`);
      return feed(request as FeedRequest);
    },
  };
}
