import { AppError } from '../kernel/error.js';
import { pause } from '../kernel/pause.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { withTicks } from '../graphql/live-feed.js';
import { readClassifier } from '../onnx/read-classifier.js';
import type { Log } from '../plant/ports.js';
import type { Scorer } from '../scorer/ports.js';
import type { Model, ModelVersion } from './model.js';
import { loadedArtifacts, type LoadedArtifacts } from './loaded-artifacts.js';
import { pinnedFeatures } from './model-features.js';
import { inputNames, inputsOf, type ModelInputs } from './model-inputs.js';
import { MODEL_TOPIC } from './model.messages.js';
import { thresholdsOf, type Thresholds } from './score-card/tell-apart.js';
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

/** The bus delivers at most once: who follows promotions looks again this often. */
const LOOK_AGAIN_EVERY_MS = 30_000;
const RESUBSCRIBE_AFTER_MS = 1_000;
/** Artifacts out of production that stay loaded: replaced ones (requests under way use them), and those of old predictions. */
const KEPT_ARTIFACTS = 4;
/** Versions out of production that are remembered, loaded or not. */
const KNOWN_VERSIONS = 100;

/** Loads what is in production, then follows. A version that cannot be loaded is logged, not fatal. */
export async function openServing(deps: ServingDeps): Promise<Serving> {
  const serving = new FollowingServing(deps);
  await serving.refresh();
  serving.follow();
  return serving;
}

class FollowingServing implements Serving {
  private readonly production = new Map<string, ServedModel>();
  private readonly shadows = new Map<string, ServedModel>();
  private readonly listeners: ((served: ServedModel) => void)[] = [];
  /** By id, least recently used first. */
  private readonly known = new Map<string, Promise<ServedModel>>();
  private readonly artifacts: LoadedArtifacts;
  private turn: Promise<void> = Promise.resolve();
  private messages: AsyncIterableIterator<unknown> | null = null;
  private following: Promise<void> = Promise.resolve();
  private readonly ended = new AbortController();

  constructor(private readonly deps: ServingDeps) {
    this.artifacts = loadedArtifacts({ ...deps, keep: KEPT_ARTIFACTS });
  }

  current(name: string): ServedModel | null {
    return this.production.get(name) ?? null;
  }

  shadow(name: string): ServedModel | null {
    return this.shadows.get(name) ?? null;
  }

  onSwitch(listener: (served: ServedModel) => void): void {
    this.listeners.push(listener);
  }

  version(id: string): Promise<ServedModel> {
    for (const served of this.production.values())
      if (served.version.id === id) return Promise.resolve(served);
    const reading = this.known.get(id) ?? this.readById(id);
    this.known.delete(id);
    this.known.set(id, reading);
    reading.catch(() => this.known.delete(id));
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > KNOWN_VERSIONS) this.known.delete(oldest);
    return reading;
  }

  async use<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T> {
    const served = await this.version(id);
    const { artifactSha256 } = served.version;
    await this.artifacts.hold(artifactSha256);
    try {
      return await work(served);
    } finally {
      this.artifacts.release(artifactSha256);
    }
  }

  refresh(): Promise<void> {
    this.turn = this.turn.then(() => this.reread());
    return this.turn;
  }

  follow(): void {
    this.following = this.followBus();
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.messages?.return?.();
    await this.following;
    await this.turn;
  }

  private async followBus(): Promise<void> {
    const ended = (): boolean => this.ended.signal.aborted;
    while (!ended()) {
      try {
        this.messages = this.deps.subscribe(MODEL_TOPIC);
        for await (const _ of withTicks(this.messages, LOOK_AGAIN_EVERY_MS)) {
          if (ended()) return;
          await this.refresh();
        }
      } catch (error) {
        this.deps.log.warn({ err: error }, 'following promotions was interrupted');
      }
      await pause(RESUBSCRIBE_AFTER_MS, this.ended.signal);
    }
  }

  private async reread(): Promise<void> {
    try {
      const models = await this.deps.listModels();
      const ids = models.map(({ id }) => id);
      const versions = await this.deps.inStage(ids, 'PRODUCTION');
      for (const version of versions) {
        const model = models.find(({ id }) => id === version.modelId);
        if (model) await this.serve(model, version, this.production);
      }
      await this.rereadShadows(models, ids);
    } catch (error) {
      this.deps.log.error(
        { err: error },
        'reading what is in production failed; the present versions go on',
      );
    }
  }

  private async rereadShadows(models: readonly Model[], ids: readonly string[]): Promise<void> {
    const versions = await this.deps.inStage(ids, 'SHADOW');
    for (const model of models) {
      const version = versions.find(({ modelId }) => modelId === model.id);
      const present = this.shadows.get(model.name);
      if (version) await this.serve(model, version, this.shadows);
      else if (present) {
        this.shadows.delete(model.name);
        this.artifacts.release(present.version.artifactSha256);
      }
    }
  }

  private async serve(
    model: Model,
    version: ModelVersion,
    place: Map<string, ServedModel>,
  ): Promise<void> {
    const present = place.get(model.name);
    if (present?.version.id === version.id) {
      place.set(model.name, { ...present, model, version });
      return;
    }
    try {
      const next = await this.read(model, version);
      await this.artifacts.hold(version.artifactSha256);
      place.set(model.name, next);
      if (present) this.artifacts.release(present.version.artifactSha256);
      if (place === this.production) for (const listener of this.listeners) listener(next);
    } catch (error) {
      this.deps.log.error(
        {
          err: error,
          model: model.name,
          version: version.version,
          serving: present?.version.version,
        },
        `a version in ${version.stage.toLowerCase()} cannot be loaded; the one before it goes on answering`,
      );
    }
  }

  private async readById(id: string): Promise<ServedModel> {
    const [version] = await this.deps.versionsByIds([id]);
    const model =
      version && (await this.deps.listModels()).find((each) => each.id === version.modelId);
    if (!model) throw new AppError('NOT_FOUND', `no model version has the id ${id}`);
    return this.read(model, version);
  }

  private async read(model: Model, version: ModelVersion): Promise<ServedModel> {
    const sha256 = version.artifactSha256;
    const bytes = await this.deps.artifactBytes(sha256);
    if (!bytes) throw new AppError('INTERNAL', `artifact ${sha256} is gone`);
    const features = pinnedFeatures(
      await this.deps.allFeatures(),
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
  }
}
