import { liveFeed } from '../graphql/live-feed.js';
import {
  predictionMadeMessage,
  predictionTopic,
  type PredictionMade,
} from './prediction.messages.js';
import type { LedgerRow } from './prediction.js';

export interface FollowPredictionsDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  predictionsByIds(ids: readonly number[]): Promise<LedgerRow[]>;
  predictionsInRange(range: {
    jobId: string;
    from: number;
    until: number;
    minProbability: number;
    userIds: readonly number[] | null;
    afterId: number;
    limit: number;
  }): Promise<LedgerRow[]>;
}

export interface PredictionFilter {
  modelId: string;
  /** 0..1 */
  minProbability: number;
  /** Null: everyone. */
  userIds: ReadonlySet<number> | null;
}

const PAGE = 200;

/** New rows of the ledger that pass the filter, from now on, in the order they were written. */
export function followPredictions(
  deps: FollowPredictionsDeps,
  filter: PredictionFilter,
): AsyncIterableIterator<LedgerRow> {
  return liveFeed(
    () => deps.subscribe(predictionTopic(filter.modelId)),
    async function* (messages) {
      for await (const message of messages)
        yield* newRows(deps, predictionMadeMessage.parse(message), filter);
    },
  );
}

async function* newRows(
  deps: FollowPredictionsDeps,
  message: PredictionMade,
  { minProbability, userIds }: PredictionFilter,
): AsyncGenerator<LedgerRow, void, void> {
  if ('ids' in message) {
    const rows = await deps.predictionsByIds(message.ids);
    rows.sort((a, b) => a.id - b.id);
    for (const row of rows)
      if (row.probability >= minProbability && (userIds?.has(row.userId) ?? true)) yield row;
    return;
  }
  let afterId = 0;
  for (;;) {
    const wanted = { minProbability, userIds: userIds && [...userIds], afterId, limit: PAGE };
    const rows = await deps.predictionsInRange({ ...message, ...wanted });
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    afterId = last.id;
  }
}
