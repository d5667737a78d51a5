import type { Stretch } from '../../src/feature/placeholders.js';
import type { FeatureRows } from '../../src/feature/read-features.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { RunningJob } from '../../src/job/run-job.js';
import { modelSpec } from '../../src/model/model-spec.js';
import type { ServedModel } from '../../src/model/serving.js';
import type { Database } from '../../src/plant/ports.js';
import type { ScoreUsersDeps } from '../../src/prediction/score-users.js';
import { predictionStore } from '../../src/prediction/prediction.store.js';

export const RUN_MODEL = '01900000-0000-7000-8000-0000000000f1';
export const RUN_VERSION = '01900000-0000-7000-8000-0000000000f2';

const spec = modelSpec.parse({
  name: 'plain',
  task: 'BINARY_CLASSIFICATION',
  description: 'for tests of the ledger',
  labels: { positive: 'yes', negative: 'no' },
  label: { kind: 'OUTCOMES' },
  eligible: { minAgeDays: 0, activeWithinHorizons: null },
  features: { tags: null, include: null, exclude: [] },
  algorithms: ['logistic'],
  trials: 1,
  folds: 2,
  seed: 1,
  selectionMetric: 'logLoss',
  threshold: { kind: 'fixed', value: 0.5 },
  targets: [],
  riskBands: { medium: 0.2, high: 0.5, critical: 0.8 },
});

/** The plain model as served; its version has no artifact. */
export const plainServed: ServedModel = {
  model: {
    id: RUN_MODEL,
    name: 'plain',
    task: 'BINARY_CLASSIFICATION',
    description: '',
    spec,
    createdAt: new Date(0),
  },
  version: { id: RUN_VERSION, artifactSha256: 'none' } as ServedModel['version'],
  inputs: { numericNames: ['x'], categoricalNames: ['group'] },
  features: [],
  threshold: 0.5,
};

/** The score of a customer: any number in 0..1 that follows from the id. */
export const plainScore = (userId: number): number => ((userId * 7919) % 1000) / 1000;

/** Features that follow from the ids; whoever is a customer in the stretch agrees and is old enough. */
async function readPlain(db: Database, { after, until }: Stretch): Promise<FeatureRows> {
  const customers = await db.query<{ id: number }>(
    'select id from customer where id > $1 and id <= $2 order by id',
    [after, until],
  );
  const userIds = Float64Array.from(customers, ({ id }) => id);
  return {
    ...{ userIds, rows: userIds.length },
    columns: new Map<string, Float64Array | string[]>([
      ['x', userIds],
      ['group', Array.from(userIds, (id) => `g${id % 3}`)],
    ]),
    people: {
      consentProfiling: userIds.map(() => 1),
      registeredAt: userIds.map(() => 0),
      firstEventAt: userIds.map(() => 0),
    },
  };
}

/** A run over everyone on the real ledger; features and scores follow from the id of the customer. */
export function plainRun(db: Database, change: Partial<ScoreUsersDeps> = {}): ScoreUsersDeps {
  const store = predictionStore(db);
  return {
    useVersion: (_, work) => work(plainServed),
    stretches: { after: store.stretchAfter, read: (stretch) => readPlain(db, stretch) },
    scorer: {
      score: (_, table) => {
        const probability = Float64Array.from(table.numeric, plainScore);
        return Promise.resolve({ probability, margin: probability });
      },
    },
    writeBatch: store.writeBatch,
    runState: store.runState,
    userCounts: store.userCounts,
    publishPredictions: () => undefined,
    clock: systemClock(),
    ...change,
  };
}

/** A SCORE job of the plain model. */
export function plainJob(id: string): RunningJob {
  return {
    id,
    attempt: 1,
    input: { model: 'plain', modelVersionId: RUN_VERSION, asOf: '2026-11-01T00:00:00.000Z' },
    createdBy: 'test',
    signal: new AbortController().signal,
    report: () => undefined,
  };
}
