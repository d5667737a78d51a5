import { auditStore } from './access/audit.store.js';
import type { composeLedger, composeModels, Plant } from './compose-models.js';
import type { ModelLoaders } from './model/version-loaders.js';
import { PredictionDecisionResolver, ReviewResolver } from './prediction/review.resolver.js';
import { reviewStore } from './prediction/review.store.js';
import type { UserLoaders } from './user/user-loaders.js';

/** The queue of what somebody is to look at. */
export function reviewResolvers(parts: {
  plant: Pick<Plant, 'db' | 'clock'>;
  models: { store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'byName'> };
  modelsOf: Pick<ModelLoaders, 'model'>;
  users: Pick<UserLoaders, 'byId'>;
  ledger: { store: Pick<ReturnType<typeof composeLedger>['store'], 'byIds'> };
}): object[] {
  const { plant, models, modelsOf, users, ledger } = parts;
  const store = reviewStore(plant.db, auditStore);
  return [
    new ReviewResolver({
      ...store,
      modelByName: models.store.byName,
      modelLoaders: modelsOf,
      userLoader: users.byId,
      predictionsByIds: ledger.store.byIds,
      wall: () => plant.clock.wall(),
    }),
    new PredictionDecisionResolver({ modelLoaders: modelsOf }),
  ];
}
