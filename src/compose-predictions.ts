import type { composeIngest } from './compose-data.js';
import type {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  Plant,
} from './compose-models.js';
import { perRequest } from './graphql/context.js';
import type { Feed } from './graphql/feeds.js';
import { AppError } from './kernel/error.js';
import type { ModelLoaders } from './model/version-loaders.js';
import { composeOutcomes } from './compose-outcomes.js';
import { composeLedgerReading } from './compose-ledger.js';
import {
  composeServing,
  type ServingExperiments,
  type ServingSettings,
} from './compose-serving.js';
import { followHealth } from './prediction/follow-health.js';
import { modelHealth, type ModelHealth } from './prediction/model-health.js';
import { modelHealthFeeds, ModelHealthResolver } from './prediction/model-health.resolver.js';
import { OutcomeResolver } from './prediction/outcome.resolver.js';
import { predictionLoaders } from './prediction/prediction-loaders.js';
import { predictionFeeds, PredictionMadeResolver } from './prediction/prediction-made.resolver.js';
import { predictionTally } from './prediction/prediction-tally.js';
import { PredictionResolver, ScoredRowResolver } from './prediction/prediction.resolver.js';
import { planScoreRun } from './prediction/score-users.js';
import { ScoreResolver } from './prediction/score.resolver.js';
import { UserPredictionResolver } from './prediction/user-prediction.resolver.js';
import type { ResultCacheStats } from './prediction/result-cache.js';
import type { UserLoaders } from './user/user-loaders.js';

/** What the prediction room stands on: everything to its left. */
export interface PredictionRoomParts {
  plant: Plant;
  jobs: ReturnType<typeof composeJobs>;
  ingest: ReturnType<typeof composeIngest>;
  users: UserLoaders;
  features: ReturnType<typeof composeFeatureReading>;
  models: Awaited<ReturnType<typeof composeModels>>;
  modelsOf: ModelLoaders;
  ledger: ReturnType<typeof composeLedger>;
  experiments: ServingExperiments;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  settings: ServingSettings;
}

/** Scores, reasons, the ledger, outcomes, health. */
export function composePredictionRoom(parts: PredictionRoomParts): {
  resolvers: object[];
  feeds: Record<string, Feed>;
  scoreEveryone(model: string, createdBy: string): Promise<string>;
  /** Events of these customers were stored: what is remembered of them is forgotten. */
  customersChanged(userIds: Iterable<number>): void;
  /** Answers remembered by this process, since it started. */
  resultCacheStats(): ResultCacheStats;
  close(): Promise<void>;
} {
  const { plant, jobs, users, features, models, modelsOf, ledger } = parts;
  const { db, bus, scorer, clock } = plant;
  const { serving } = models;
  const serve = composeServing(plant, serving, features.read, parts.settings, parts.experiments);
  const { scoreWithinMs, inPlaceOfModel } = serve.predicting;
  const tally = predictionTally(() => clock.monotonicMs());
  const loaders = predictionLoaders({
    readFeatures: features.read,
    scorer,
    freshPredictions: ledger.store.fresh,
    writePredictions: ledger.store.write,
    publishPredictions: ledger.publish,
    tally,
    clock,
    serving,
    ledgerPages: ledger.store.pages,
    firstOutcomes: models.outcomes.firstAfter,
    ...serve.predicting,
  });
  const health = {
    serving,
    scorer,
    ledgerHealth: ledger.store.health,
    newestOf: ledger.store.newestOf,
    resultCache: serve.resultCache,
    tally,
    clock,
  };
  const healthOf = (model: { id: string; name: string }): Promise<ModelHealth> =>
    modelHealth(health, model);
  return {
    resolvers: [
      new UserPredictionResolver({ serving, loaders, models: perRequest(models.store.list) }),
      new PredictionResolver({ loaders, modelLoaders: modelsOf, userLoader: users.byId, serving }),
      new ScoredRowResolver({ loaders, serving }),
      new ScoreResolver({
        serving,
        scorer,
        submitJob: jobs.submit,
        scoreWithinMs,
        inPlaceOfModel,
      }),
      new OutcomeResolver({
        recordOutcomes: composeOutcomes({ ...parts, db, wall: () => clock.wall() }),
      }),
      new ModelHealthResolver({ modelHealth: healthOf }),
      new PredictionMadeResolver(),
      ...serve.resolvers,
      ...composeLedgerReading({
        db,
        scorer,
        serving,
        ledger: ledger.store,
        modelByName: models.store.byName,
      }).resolvers,
    ],
    feeds: {
      ...predictionFeeds({
        subscribe: (topic) => bus.subscribe(topic),
        predictionsByIds: ledger.store.byIds,
        predictionsInRange: ledger.store.inRange,
        serving,
      }),
      ...modelHealthFeeds(
        followHealth({
          subscribe: (topic) => bus.subscribe(topic),
          modelByName: models.store.byName,
          modelHealth: healthOf,
        }),
      ),
    },
    customersChanged: serve.customersChanged,
    resultCacheStats: serve.resultCache.all,
    close: serve.close,
    scoreEveryone: async (model, createdBy) => {
      const served = serving.current(model);
      if (!served) throw new AppError('NOT_FOUND', `no model named ${model} is in production`);
      const job = await jobs.submit('SCORE', planScoreRun(served, clock.now()), createdBy);
      return job.id;
    },
  };
}
