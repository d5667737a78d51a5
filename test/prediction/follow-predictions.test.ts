import { expect, it } from 'vitest';
import { DEFAULT_DOOR_LIMITS } from '../../src/door/options.js';
import { eventStream } from '../../src/door/event-stream.js';
import { followPredictions } from '../../src/prediction/follow-predictions.js';
import { predictionTopic, type PredictionMade } from '../../src/prediction/prediction.messages.js';
import type { LedgerRow } from '../../src/prediction/prediction.js';
import { memoryBus } from '../support/memory-bus.js';

const MODEL = '01900000-0000-7000-8000-000000000001';
const JOB = '01900000-0000-7000-8000-00000000000a';
const ROWS = 5_000;

/** Row `id` of a ledger. */
function row(id: number): LedgerRow {
  return {
    id,
    userId: id,
    modelId: MODEL,
    modelVersionId: MODEL,
    probability: (id % 100) / 100,
    threshold: 0.5,
    source: 'MODEL',
    asOf: new Date(0),
    scoredAt: new Date(0),
    latencyMs: 1,
    inputs: { numeric: new Float32Array(0), categorical: [] },
    jobId: JOB,
    optedOut: false,
  };
}

it('a subscriber that reads gets all 5,000 rows of a batch, although they come faster than it reads', async () => {
  const bus = memoryBus();
  const stream = eventStream({
    source: followPredictions(
      {
        subscribe: (topic) => bus.subscribe(topic),
        predictionsByIds: () => Promise.resolve([]),
        predictionsInRange: ({ afterId, limit }) =>
          Promise.resolve(
            Array.from({ length: Math.min(limit, ROWS - afterId) }, (_, i) => row(afterId + i + 1)),
          ),
      },
      { modelId: MODEL, minProbability: 0, userIds: null },
    ),
    maxUndelivered: DEFAULT_DOOR_LIMITS.maxUndelivered,
    // what executing the selection of one event costs: turns of the event loop
    answer: async ({ payload }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return payload as LedgerRow;
    },
    onError: () => false,
  });
  const first = stream.next();
  const message: PredictionMade = { jobId: JOB, from: 1, until: ROWS };
  bus.publish(predictionTopic(MODEL), message);
  const ids: number[] = [];
  for (let step = await first; !step.done; step = await stream.next()) {
    ids.push(step.value.id);
    if (ids.length === ROWS) stream.end();
  }
  expect(ids).toEqual(Array.from({ length: ROWS }, (_, i) => i + 1));
});
