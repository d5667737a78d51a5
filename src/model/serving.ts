import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { readClassifier } from '../onnx/read-classifier.js';
import type { Log } from '../plant/ports.js';
import type { Scorer } from '../scorer/ports.js';
import type { Model, ModelVersion } from './model.js';
import { loadedArtifacts } from './loaded-artifacts.js';
import { pinnedFeatures } from './model-features.js';
import { inputNames, inputsOf, type ModelInputs } from './model-inputs.js';
import { thresholdsOf, type Thresholds } from './score-card/tell-apart.js';
import { followPromotions, servedVersions, type ServedVersions } from './served-versions.js';
import { reportOf } from './version-report.js';

/** A version with what is needed to ask it. */
export interface ServedModel {
  model: Model;
  version: ModelVersion;
  inputs: ModelInputs;
  /** The features of the inputs, in their order. */
  features: readonly FeatureDefinition[];
  threshold: number;
  /** What it can tell apart of each numerical input; null or left out: everything. */
  tellsApart?: Thresholds | null;
}

/** What answers now, for each model by name; follows promotions made in any process. */
export interface Serving {
  /** The production version, loaded; null when the model has none or is unknown. Never waits. */
  current(name: string): ServedModel | null;
  /** The version in SHADOW, loaded; null when the model has none. Never waits. */
  shadow(name: string): ServedModel | null;
  /** Calls back whenever another version of a model begins to answer in this process. */
  onSwitch(listener: (served: ServedModel) => void): void;
  /** Any version, which need not be loaded: see `use`. @throws AppError NOT_FOUND */
  version(id: string): Promise<ServedModel>;
  /** Any version, loaded until `work` has ended. @throws AppError NOT_FOUND */
  use<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T>;
  /** Re-reads what is in production and loads what is new; the old one answers until then. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export interface ServingDeps {
  listModels(): Promise<Model[]>;
  inStage(modelIds: readonly string[], stage: 'PRODUCTION' | 'SHADOW'): Promise<ModelVersion[]>;
  versionsByIds(ids: readonly string[]): Promise<ModelVersion[]>;
  artifactBytes(sha256: string): Promise<Uint8Array | null>;
  /** The whole registry of features. */
  allFeatures(): Promise<FeatureDefinition[]>;
  scorer: Pick<Scorer, 'load' | 'unload' | 'isLoaded'>;
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  log: Log;
}

/** Artifacts out of production that stay loaded: replaced ones (requests under way use them), and those of old predictions. */
const KEPT_ARTIFACTS = 4;
/** Versions out of production that are remembered, loaded or not. */
const KNOWN_VERSIONS = 100;

/** Loads what is in production, then follows. A version that cannot be loaded is logged, not fatal. */
export async function openServing(deps: ServingDeps): Promise<Serving> {
  const artifacts = loadedArtifacts({ ...deps, keep: KEPT_ARTIFACTS });
  const read = readServed(deps);
  const listeners: ((served: ServedModel) => void)[] = [];
  const places = { read, artifacts, log: deps.log };
  const shadows = servedVersions<Model, ServedModel>(places);
  const production = servedVersions<Model, ServedModel>({
    ...places,
    onSwitch: (served) => {
      for (const listener of listeners) listener(served);
    },
  });
  const version = rememberedVersions(deps, read, production.all);
  const promotions = await followPromotions({
    ...deps,
    reread: () => reread(deps, production, shadows),
  });
  return {
    current: production.get,
    shadow: shadows.get,
    onSwitch: (listener) => {
      listeners.push(listener);
    },
    version,
    use: async (id, work) => {
      const served = await version(id);
      return artifacts.during(served.version.artifactSha256, () => work(served));
    },
    refresh: promotions.refresh,
    close: promotions.close,
  };
}

type Place = ServedVersions<Model, ServedModel>;

async function reread(
  deps: Pick<ServingDeps, 'listModels' | 'inStage'>,
  production: Place,
  shadows: Place,
): Promise<void> {
  const models = await deps.listModels();
  const ids = models.map(({ id }) => id);
  for (const version of await deps.inStage(ids, 'PRODUCTION')) {
    const model = models.find(({ id }) => id === version.modelId);
    if (model) await production.serve(model, version);
  }
  const versions = await deps.inStage(ids, 'SHADOW');
  for (const model of models) {
    const version = versions.find(({ modelId }) => modelId === model.id);
    if (version) await shadows.serve(model, version);
    else shadows.leave(model.name);
  }
}

/** Any version by id; the least recently used ones that are not in production are forgotten. */
function rememberedVersions(
  deps: Pick<ServingDeps, 'versionsByIds' | 'listModels'>,
  read: (model: Model, version: ModelVersion) => Promise<ServedModel>,
  inProduction: () => ServedModel[],
): (id: string) => Promise<ServedModel> {
  /** Least recently used first. */
  const known = new Map<string, Promise<ServedModel>>();
  const readById = async (id: string): Promise<ServedModel> => {
    const [version] = await deps.versionsByIds([id]);
    const model = version && (await deps.listModels()).find((each) => each.id === version.modelId);
    if (!model) throw new AppError('NOT_FOUND', `no model version has the id ${id}`);
    return read(model, version);
  };
  return (id) => {
    const present = inProduction().find(({ version }) => version.id === id);
    if (present) return Promise.resolve(present);
    const reading = known.get(id) ?? readById(id);
    known.delete(id);
    known.set(id, reading);
    reading.catch(() => known.delete(id));
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size > KNOWN_VERSIONS) known.delete(oldest);
    return reading;
  };
}

/** Reads what is needed to ask a version. @throws AppError INTERNAL for an artifact that is gone or is not of its version */
function readServed(
  deps: Pick<ServingDeps, 'artifactBytes' | 'allFeatures'>,
): (model: Model, version: ModelVersion) => Promise<ServedModel> {
  return async (model, version) => {
    const sha256 = version.artifactSha256;
    const bytes = await deps.artifactBytes(sha256);
    if (!bytes) throw new AppError('INTERNAL', `artifact ${sha256} is gone`);
    const features = pinnedFeatures(
      await deps.allFeatures(),
      version.featureNames,
      reportOf(version).recipe.features,
    );
    const classifier = readClassifier(bytes);
    const { numericNames, categoricalNames } = classifier?.encoding ?? inputsOf(features);
    const inputs = { numericNames, categoricalNames };
    if (inputNames(inputs).join() !== version.featureNames.join())
      throw new AppError(
        'INTERNAL',
        `the graph's inputs are not the features of version ${version.id}`,
      );
    const threshold = version.threshold ?? 0.5;
    return { model, version, inputs, features, threshold, tellsApart: thresholdsOf(classifier) };
  };
}
