import type { composeFeatureReading, composeModels, Plant } from './compose-models.js';
import { rankInWorker } from './model/select/rank-in-worker.js';
import type { SelectFeaturesDeps } from './model/select/select-features.js';
import { selectionStore } from './model/selection.store.js';
import type { QualityGate } from './quality/quality-gate.js';

type Models = Awaited<ReturnType<typeof composeModels>>;

/** What the worker needs for SELECT jobs; apart from the graph, whose decorators a worker does not load. */
export function composeSelectionWork(parts: {
  plant: Pick<Plant, 'db' | 'clock'>;
  models: { store: Pick<Models['store'], 'byName'>; labels: Models['labels'] };
  features: Pick<ReturnType<typeof composeFeatureReading>, 'store' | 'read'>;
  /** Whether the data may be learnt from; without it, always. */
  checkData?: QualityGate;
}): SelectFeaturesDeps {
  const { plant, models, features, checkData } = parts;
  const store = selectionStore(plant.db, plant.clock);
  return {
    modelByName: models.store.byName,
    behaviourLabels: models.labels.behaviour,
    outcomeLabels: models.labels.outcomes,
    allFeatures: features.store.all,
    readFeatures: features.read,
    ...(checkData ? { checkData } : {}),
    rank: rankInWorker,
    selectionOfJob: store.ofJob,
    writeSelection: store.write,
  };
}
