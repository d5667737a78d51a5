import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { composeFeatureReading, composeLedger, composeModels } from '../../src/compose-models.js';
import type { RequestContext } from '../../src/graphql/context.js';
import { systemClock, type Clock } from '../../src/kernel/clock.js';
import { zeroCounts } from '../../src/kernel/count.js';
import type { ServedModel, Serving } from '../../src/model/serving.js';
import { projectRoot, workerFile } from '../../src/plant/paths.js';
import type { Degraded } from '../../src/prediction/degrade.messages.js';
import { degradation } from '../../src/prediction/degrade.js';
import { lastScores } from '../../src/prediction/last-score.store.js';
import { modelHealth, type ModelHealth } from '../../src/prediction/model-health.js';
import { predictUsers } from '../../src/prediction/predict-users.js';
import {
  predictionLoaders,
  type PredictionLoaderDeps,
} from '../../src/prediction/prediction-loaders.js';
import { predictionNode } from '../../src/prediction/prediction-node.js';
import { predictionTally } from '../../src/prediction/prediction-tally.js';
import type { PredictionAnswer } from '../../src/prediction/prediction.js';
import type { ResultCache } from '../../src/prediction/result-cache.js';
import { openScorer } from '../../src/scorer/scorer.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { testDatabase, type TestDatabase } from './database.js';
import { fillShop } from './demo-shop.js';
import { openGraph, type TestGraph } from './graph.js';
import { listLog } from './scorer.js';

const ours = workerFile(import.meta.resolve('../../src/scorer/scorer.ts'), './scorer.worker.js');

/** A card for the churn model, made by hand. */
export const HAND_MADE_CARD = {
  base: -0.3,
  inputs: [
    {
      feature: 'purchase_count_30d',
      bounds: [0, 2],
      categories: null,
      points: [0.8, -0.1, -0.9, 0.1],
    },
    {
      feature: 'days_since_last_purchase',
      bounds: [7, 30],
      categories: null,
      points: [-0.7, 0, 0.6, 0.2],
    },
  ],
  auc: 0.8,
  logLoss: 0.45,
  agreement: 0.9,
};

/** While its flag is 1, the real worker stands still before it looks at a message. */
const OURS = `
  const { workerData, parentPort } = require('node:worker_threads');
  const hang = new Int32Array(workerData.hang);
  parentPort.on('message', () => { if (Atomics.load(hang, 0) === 1) Atomics.wait(hang, 0, 1); });
  import(${JSON.stringify(pathToFileURL(ours).href)});
`;

/** Questions about customers of a shop to the shipped model, on a scorer whose workers can be ended and held up. */
export interface ServingLab {
  database: TestDatabase;
  graph: TestGraph;
  scorer: Scorer;
  serving: Serving;
  clock: Clock;
  /** All customers, and some of whom the model has something to say. */
  users: readonly number[];
  scorable: readonly number[];
  production(): ServedModel;
  /** Ends every worker, and each that is started in its place until `revive`. */
  kill(): Promise<void>;
  revive(): void;
  hang(on: boolean): void;
  setting(change?: Partial<PredictionLoaderDeps>): LabSetting;
  /** `probed`: whom the probe asks, default the scorer. */
  health(
    deps: Pick<PredictionLoaderDeps, 'tally'>,
    more?: { probed?: Pick<Scorer, 'score'>; resultCache?: ResultCache },
  ): Promise<ModelHealth>;
  close(): Promise<void>;
}

/** What a process answers with. */
export interface LabSetting {
  deps: PredictionLoaderDeps;
  changes: Degraded[];
  sources: Map<string, number>;
  /** Lets so much time pass for the spells without the model. */
  passes(ms: number): void;
}

export async function openServingLab(customers: number): Promise<ServingLab> {
  const clock = systemClock();
  const database = await testDatabase();
  await fillShop(database.db, clock, customers);
  const graph = await openGraph(database.url, clock);
  await graph.prepare(`${projectRoot}/models`);
  await database.db.query(`update model_version set report = report || $1::jsonb`, [
    JSON.stringify({ scoreCard: HAND_MADE_CARD }),
  ]);
  const { scorer, ...control } = await killableScorer();
  const features = composeFeatureReading(database.db);
  const { serving } = await composeModels({ ...graph.plant, scorer }, features.store);
  const ledger = composeLedger(graph.plant);
  const rows = await database.db.query<{ id: number }>('select id from customer order by id');
  const users = rows.map(({ id }) => id);
  const production = (): ServedModel => {
    const served = serving.current('churn');
    if (!served) throw new Error('nothing in production');
    return served;
  };
  const setting = (change: Partial<PredictionLoaderDeps> = {}): LabSetting => {
    const changes: Degraded[] = [];
    const sources = new Map<string, number>();
    let offset = 0;
    return {
      changes,
      sources,
      passes: (ms) => {
        offset += ms;
      },
      deps: {
        readFeatures: features.read,
        scorer,
        freshPredictions: ledger.store.fresh,
        writePredictions: ledger.store.write,
        publishPredictions: ledger.publish,
        tally: predictionTally(() => performance.now()),
        clock,
        serving,
        ledgerPages: ledger.store.pages,
        firstOutcomes: (keys) => Promise.resolve(keys.map(() => null)),
        scoreWithinMs: 2_000,
        inPlaceOfModel: {
          degradation: degradation({
            log: listLog(),
            monotonicMs: () => performance.now() + offset,
            onChange: (news) => changes.push(news),
          }),
          lastScores: lastScores(database.db),
        },
        onAnswers: ({ source, count }) => sources.set(source, (sources.get(source) ?? 0) + count),
        ...change,
      },
    };
  };
  const everyone = await predictUsers(
    setting().deps,
    {
      served: production(),
      asOf: clock.now(),
      maxStalenessSeconds: 0,
      users: users.map((userId) => ({ userId, overrides: [] })),
    },
    new AbortController().signal,
  );
  await database.db.query('truncate prediction');
  return {
    database,
    graph,
    scorer,
    serving,
    clock,
    users,
    scorable: users.filter((_, index) => scoredOf(everyone[index] ?? null)),
    production,
    ...control,
    setting,
    health: ({ tally }, { probed = scorer, ...more } = {}) =>
      modelHealth(
        {
          serving,
          scorer: { score: (...args) => probed.score(...args), stats: () => scorer.stats() },
          ledgerHealth: ledger.store.health,
          newestOf: ledger.store.newestOf,
          tally,
          clock,
          ...more,
        },
        production().model,
      ),
    close: async () => {
      await serving.close();
      await scorer.close();
      await graph.close();
      await database.drop();
    },
  };
}

async function killableScorer() {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  let threads: Worker[] = [];
  let dying = false;
  const options = { provider: 'cpu' as const, workers: 2, maxQueuedRows: 50_000, log: listLog() };
  const scorer = await openScorer(options, (workerData) => {
    const thread = dying
      ? new Worker('process.exit(7)', { eval: true })
      : new Worker(OURS, {
          eval: true,
          workerData: { ...workerData, hang: flag.buffer },
          execArgv: [],
        });
    threads.push(thread);
    return thread;
  });
  return {
    scorer,
    kill: async () => {
      dying = true;
      for (const thread of threads.splice(0)) await thread.terminate();
    },
    revive: () => {
      dying = false;
      threads = [];
    },
    hang: (on: boolean) => {
      Atomics.store(flag, 0, on ? 1 : 0);
      Atomics.notify(flag, 0);
    },
  };
}

/** A request of its own. */
export function requestContext(clock: Clock): RequestContext {
  return {
    viewer: { id: 'test', name: 'test', role: 'ADMIN' },
    requestId: 'test',
    signal: new AbortController().signal,
    clock,
    counts: zeroCounts(),
    loaderKey: {},
  };
}

/** One request: the score of a customer, and how it came about. */
export async function askFor(
  lab: Pick<ServingLab, 'production' | 'clock'>,
  deps: PredictionLoaderDeps,
  userId: number,
  question: { purchases?: number; maxStalenessSeconds?: number; asOf?: Date } = {},
) {
  const { purchases, maxStalenessSeconds = null, asOf = lab.clock.now() } = question;
  const loaders = predictionLoaders(deps);
  const own = requestContext(lab.clock);
  const served = lab.production();
  const answer = await loaders.answer(own).load({
    userId,
    served,
    asOf,
    maxStalenessSeconds,
    overrides:
      purchases === undefined
        ? []
        : [{ name: 'purchase_count_30d', number: purchases, text: null, boolean: null }],
  });
  if (!answer || answer.eligibility !== 'ELIGIBLE') return { answer, explanation: null };
  const { explainable } = predictionNode(answer, served.model, lab.clock.wall());
  return { answer, explanation: explainable && (await loaders.explanation(own).load(explainable)) };
}

/** The answer, where it is a score. */
export function scoredOf(answer: PredictionAnswer | Error | null) {
  return answer && !(answer instanceof Error) && answer.eligibility === 'ELIGIBLE' ? answer : null;
}

export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};
