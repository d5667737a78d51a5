import { AppError } from '../kernel/error.js';
import { pause } from '../kernel/pause.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { withTicks } from '../graphql/live-feed.js';
import { loadedArtifacts, type LoadedArtifacts } from '../model/loaded-artifacts.js';
import { pinnedFeatures } from '../model/model-features.js';
import { inputNames } from '../model/model-inputs.js';
import { MODEL_TOPIC } from '../model/model.messages.js';
import type { ModelVersion } from '../model/model.js';
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

/** The bus delivers at most once: who follows promotions looks again this often. */
const LOOK_AGAIN_EVERY_MS = 30_000;
const RESUBSCRIBE_AFTER_MS = 1_000;
/** Artifacts that are not live and stay loaded: those of old memberships. */
const KEPT_ARTIFACTS = 2;

/** Loads what is live, then follows. A version that cannot be loaded is logged, not fatal. */
export async function openSegmentServing(deps: SegmentServingDeps): Promise<SegmentServing> {
  const serving = new FollowingSegmentServing(deps);
  await serving.refresh();
  serving.follow();
  return serving;
}

class FollowingSegmentServing implements SegmentServing {
  private readonly live = new Map<string, ServedSegmentation>();
  private readonly listeners: ((served: ServedSegmentation) => void)[] = [];
  private readonly artifacts: LoadedArtifacts;
  private readonly ended = new AbortController();
  private turn: Promise<void> = Promise.resolve();
  private messages: AsyncIterableIterator<unknown> | null = null;
  private following: Promise<void> = Promise.resolve();

  constructor(private readonly deps: SegmentServingDeps) {
    this.artifacts = loadedArtifacts({ ...deps, keep: KEPT_ARTIFACTS });
  }

  current(key: string): ServedSegmentation | null {
    return this.live.get(key) ?? null;
  }

  all(): ServedSegmentation[] {
    return [...this.live.values()];
  }

  onSwitch(listener: (served: ServedSegmentation) => void): void {
    this.listeners.push(listener);
  }

  async use<T>(versionId: string, work: (served: ServedSegmentation) => Promise<T>): Promise<T> {
    const served = await this.version(versionId);
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
        this.deps.log.warn({ err: error }, 'following segmentations was interrupted');
      }
      await pause(RESUBSCRIBE_AFTER_MS, this.ended.signal);
    }
  }

  private async reread(): Promise<void> {
    try {
      const models = await this.deps.listSegmentations();
      const versions = await this.deps.inStage(
        models.map(({ id }) => id),
        'PRODUCTION',
      );
      for (const version of versions) {
        const model = models.find(({ id }) => id === version.modelId);
        if (model) await this.serve(model, version);
      }
    } catch (error) {
      this.deps.log.error(
        { err: error },
        'reading what segmentations are live failed; the present ones go on',
      );
    }
  }

  private async serve(model: SegmentationModel, version: ModelVersion): Promise<void> {
    const present = this.live.get(model.name);
    if (present?.version.id === version.id) {
      this.live.set(model.name, { ...present, model, version });
      return;
    }
    try {
      const next = await this.read(model, version);
      await this.artifacts.hold(version.artifactSha256);
      this.live.set(model.name, next);
      if (present) this.artifacts.release(present.version.artifactSha256);
      for (const listener of this.listeners) listener(next);
    } catch (error) {
      this.deps.log.error(
        {
          err: error,
          segmentation: model.name,
          version: version.version,
          serving: present?.version.version,
        },
        'a segmentation that is to be live cannot be loaded; the one before it goes on answering',
      );
    }
  }

  private async version(id: string): Promise<ServedSegmentation> {
    const live = this.all().find(({ version }) => version.id === id);
    if (live) return live;
    const [version] = await this.deps.versionsByIds([id]);
    const model =
      version && (await this.deps.listSegmentations()).find((each) => each.id === version.modelId);
    if (!model) throw new AppError('NOT_FOUND', `no segmentation version has the id ${id}`);
    return this.read(model, version);
  }

  private async read(model: SegmentationModel, version: ModelVersion): Promise<ServedSegmentation> {
    const sha256 = version.artifactSha256;
    const bytes = await this.deps.artifactBytes(sha256);
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
    const registry = await this.deps.allFeatures();
    const features = pinnedFeatures(registry, version.featureNames, report.recipe.features);
    return { model, version, report, clusterer, inputs, features };
  }
}
