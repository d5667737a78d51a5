import { liveFeed } from '../../graphql/live-feed.js';
import { segmentMovesMessage, segmentTopic } from '../segment.messages.js';
import type { Stay } from './membership.js';

export interface FollowMovesDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  /** In order, without those of customers who were erased or opted out. */
  staysByIds(modelId: string, ids: readonly number[]): Promise<Stay[]>;
}

/** Stays of a segmentation that begin from now on, in the order in which they were written. */
export function followMoves(deps: FollowMovesDeps, modelId: string): AsyncIterableIterator<Stay> {
  return liveFeed(
    () => deps.subscribe(segmentTopic(modelId)),
    async function* (messages) {
      for await (const message of messages)
        yield* await deps.staysByIds(modelId, segmentMovesMessage.parse(message).ids);
    },
  );
}
