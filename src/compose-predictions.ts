import type { composeIngest } from './compose-data.js';
import type {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  Plant,
} from './compose-models.js';
import type { FeatureLoaders } from './feature/feature-loaders.js';
import type { Feed } from './graphql/feeds.js';
import { perRequest } from './graphql/context.js';
import { AppError } from './kernel/error.js';
import { recordOutcomes } from './model/record-outcomes.js';
import type { ModelLoaders } from './model/version-loaders.js';
import { JobResultResolver } from './prediction/job-result.resolver.js';
import { modelHealth } from './prediction/model-health.js';
import { ModelHealthResolver } from './prediction/model-health.resolver.js';
import { OutcomeResolver } from './prediction/outcome.resolver.js';
import { predictionLoaders } from './prediction/prediction-loaders.js';
import { predictionFeeds, PredictionMadeResolver } from './prediction/prediction-made.resolver.js';
import { predictionTally } from './prediction/prediction-tally.js';
import { PredictionResolver, ScoredRowResolver } from './prediction/prediction.resolver.js';
import { ScoreResolver } from './prediction/score.resolver.js';
import { planScoreRun } from './prediction/score-users.js';
import { UserPredictionResolver } from './prediction/user-prediction.resolver.js';
import type { UserLoaders } from './user/user-loaders.js';

/** What the prediction room stands on; all of it lies to its left. */
export interface PredictionRoomParts {
  plant: Plant;
  jobs: ReturnType<typeof composeJobs>;
  ingest: Pick<ReturnType<typeof composeIngest>, 'users'>;
  users: UserLoaders;
  features: ReturnType<typeof composeFeatureReading>;
  featuresOf: FeatureLoaders;
  models: Awaited<ReturnType<typeof composeModels>>;
  modelsOf: ModelLoaders;
  ledger: ReturnType<typeof composeLedger>;
}

/** The prediction room: scores, reasons, ledger, outcomes, health, and what jobs left behind. */
export function composePredictionRoom(parts: PredictionRoomParts): {
  resolvers: object[];
  feeds: Record<'predictionMade', Feed>;
  /** Starts a run over everyone and answers the job's uuid. */
  scoreEveryone(model: string, createdBy: string): Promise<string>;
} {
  const { plant, jobs, ingest, users, features, models, modelsOf, ledger } = parts;
  const { bus, scorer, clock } = plant;
  const { serving } = models;
  const tally = predictionTally();
  const loaders = predictionLoaders({
    readFeatures: features.read,
    userFacts: ledger.store.facts,
    scorer,
    serving,
    freshPredictions: ledger.store.fresh,
    writePredictions: ledger.store.write,
    publishPredictions: ledger.publish,
    ledgerPages: ledger.store.pages,
    firstOutcomes: models.outcomes.firstAfter,
    tally,
    clock,
  });
  const ofPredictions = { loaders, serving };
  return {
    resolvers: [
      new UserPredictionResolver({
        ...ofPredictions,
        models: perRequest(() => models.store.list()),
      }),
      new PredictionResolver({ ...ofPredictions, modelLoaders: modelsOf, userLoader: users.byId }),
      new ScoredRowResolver(ofPredictions),
      new ScoreResolver({ serving, scorer, submitJob: jobs.submit }),
      new PredictionMadeResolver(),
      new OutcomeResolver({
        recordOutcomes: recordOutcomes({
          models: models.store.list,
          userIds: ingest.users.idsByExternalId,
          predictionTargets: async (ids) =>
            new Map((await ledger.store.byIds(ids)).map((row) => [row.id, row])),
          record: models.outcomes.record,
          wall: () => clock.wall(),
        }),
      }),
      new ModelHealthResolver({
        modelHealth: (model) =>
          modelHealth(
            {
              serving,
              scorer,
              ledgerHealth: ledger.store.health,
              newestOfVersion: ledger.store.newestOfVersion,
              tally,
              clock,
            },
            model,
          ),
      }),
      new JobResultResolver({ loaders: modelsOf }),
    ],
    feeds: predictionFeeds({
      serving,
      subscribe: (topic) => bus.subscribe(topic),
      predictionsByIds: ledger.store.byIds,
      predictionsInRange: ledger.store.inRange,
    }),
    scoreEveryone: async (model, createdBy) => {
      const served = serving.current(model);
      if (!served) throw new AppError('NOT_FOUND', `no model named ${model} is in production`);
      const asOf = new Date(clock.now().getTime() + 1);
      return (await jobs.submit('SCORE', planScoreRun(served, asOf), createdBy)).id;
    },
  };
}
