import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { loadedArtifacts } from '../model/loaded-artifacts.js';
import { pinnedFeatures } from '../model/model-features.js';
import { inputNames } from '../model/model-inputs.js';
import type { ModelVersion } from '../model/model.js';
import { followPromotions, servedVersions } from '../model/served-versions.js';
import { clustererInputs } from '../numeric/clusterer.js';
import { readClusterer } from '../onnx/read-clusterer.js';
import type { Log } from '../plant/ports.js';
import type { Scorer } from '../scorer/ports.js';
import {
  segmentationOf,
  type SegmentationModel,
  type SegmentServing,
  type ServedSegmentation,
} from './segmentation.js';

export interface SegmentServingDeps {
  listSegmentations(): Promise<SegmentationModel[]>;
  inStage(modelIds: readonly string[], stage: 'PRODUCTION'): Promise<ModelVersion[]>;
  versionsByIds(ids: readonly string[]): Promise<ModelVersion[]>;
  artifactBytes(sha256: string): Promise<Uint8Array | null>;
  /** The whole registry of features. */
  allFeatures(): Promise<FeatureDefinition[]>;
  scorer: Pick<Scorer, 'load' | 'unload' | 'isLoaded'>;
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  log: Log;
}

/** Artifacts that are not live and stay loaded: those of old memberships. */
const KEPT_ARTIFACTS = 2;

/** Loads what is live, then follows. A version that cannot be loaded is logged, not fatal. */
export async function openSegmentServing(deps: SegmentServingDeps): Promise<SegmentServing> {
  const artifacts = loadedArtifacts({ ...deps, keep: KEPT_ARTIFACTS });
  const read = readServed(deps);
  const listeners: ((served: ServedSegmentation) => void)[] = [];
  const live = servedVersions<SegmentationModel, ServedSegmentation>({
    read,
    artifacts,
    log: deps.log,
    onSwitch: (served) => {
      for (const listener of listeners) listener(served);
    },
  });
  const promotions = await followPromotions({
    ...deps,
    reread: async () => {
      const models = await deps.listSegmentations();
      const ids = models.map(({ id }) => id);
      for (const version of await deps.inStage(ids, 'PRODUCTION')) {
        const model = models.find(({ id }) => id === version.modelId);
        if (model) await live.serve(model, version);
      }
    },
  });
  const byId = async (id: string): Promise<ServedSegmentation> => {
    const present = live.all().find(({ version }) => version.id === id);
    if (present) return present;
    const [version] = await deps.versionsByIds([id]);
    const model =
      version && (await deps.listSegmentations()).find((each) => each.id === version.modelId);
    if (!model) throw new AppError('NOT_FOUND', `no segmentation version has the id ${id}`);
    return read(model, version);
  };
  return {
    current: live.get,
    all: live.all,
    onSwitch: (listener) => {
      listeners.push(listener);
    },
    use: async (id, work) => {
      const served = await byId(id);
      return artifacts.during(served.version.artifactSha256, () => work(served));
    },
    refresh: promotions.refresh,
    close: promotions.close,
  };
}

/** Reads what is needed to ask a version. @throws AppError INTERNAL for an artifact that is gone or is no segmentation */
function readServed(
  deps: Pick<SegmentServingDeps, 'artifactBytes' | 'allFeatures'>,
): (model: SegmentationModel, version: ModelVersion) => Promise<ServedSegmentation> {
  return async (model, version) => {
    const sha256 = version.artifactSha256;
    const bytes = await deps.artifactBytes(sha256);
    if (!bytes) throw new AppError('INTERNAL', `artifact ${sha256} is gone`);
    const clusterer = readClusterer(bytes);
    if (!clusterer)
      throw new AppError('INTERNAL', `artifact ${sha256} of ${model.name} is no segmentation`);
    const { numericNames, categoricalNames } = clustererInputs(clusterer);
    const inputs = { numericNames, categoricalNames };
    if (inputNames(inputs).join() !== version.featureNames.join())
      throw new AppError(
        'INTERNAL',
        `the graph's inputs are not the features of version ${version.id}`,
      );
    const report = segmentationOf(version);
    const registry = await deps.allFeatures();
    const features = pinnedFeatures(registry, version.featureNames, report.recipe.features);
    return { model, version, report, clusterer, inputs, features };
  };
}
