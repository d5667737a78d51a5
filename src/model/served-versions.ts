import { followTopic } from '../graphql/follow-topic.js';
import type { Log } from '../plant/ports.js';
import type { LoadedArtifacts } from './loaded-artifacts.js';
import { MODEL_TOPIC } from './model.messages.js';
import type { ModelVersion } from './model.js';

/** A version with what is needed to ask it, of whatever kind its model is. */
export interface Served<Model> {
  model: Model;
  version: ModelVersion;
}

/** The versions of one stage that are loaded, one a model, by the model's name. */
export interface ServedVersions<Model, One extends Served<Model>> {
  get(name: string): One | null;
  all(): One[];
  /**
   * Puts the version in the place of the one before, which answers until this one is loaded. One that cannot be
   * loaded is logged, and nothing changes.
   */
  serve(model: Model, version: ModelVersion): Promise<void>;
  /** Nothing is in this stage any more. */
  leave(name: string): void;
}

export interface ServedVersionsDeps<Model, One> {
  /** All that is needed but the graph, which `artifacts` holds. */
  read(model: Model, version: ModelVersion): Promise<One>;
  artifacts: Pick<LoadedArtifacts, 'hold' | 'release'>;
  log: Log;
  /** Called whenever another version has begun to answer. */
  onSwitch?(served: One): void;
}

/** Nothing is served at first. */
export function servedVersions<Model extends { name: string }, One extends Served<Model>>(
  deps: ServedVersionsDeps<Model, One>,
): ServedVersions<Model, One> {
  const { read, artifacts, log, onSwitch } = deps;
  const served = new Map<string, One>();
  return {
    get: (name) => served.get(name) ?? null,
    all: () => [...served.values()],
    async serve(model, version) {
      const present = served.get(model.name);
      if (present?.version.id === version.id) {
        served.set(model.name, { ...present, model, version });
        return;
      }
      try {
        const next = await read(model, version);
        await artifacts.hold(version.artifactSha256);
        served.set(model.name, next);
        if (present) artifacts.release(present.version.artifactSha256);
        onSwitch?.(next);
      } catch (error) {
        log.error(
          {
            err: error,
            model: model.name,
            version: version.version,
            serving: present?.version.version,
          },
          `a version in ${version.stage.toLowerCase()} cannot be loaded; the one before it goes on answering`,
        );
      }
    },
    leave(name) {
      const present = served.get(name);
      if (!present) return;
      served.delete(name);
      artifacts.release(present.version.artifactSha256);
    },
  };
}

/** Re-reading what is served, one after the other, and on every promotion made in any process. */
export interface FollowedPromotions {
  /** Never fails: what is loaded goes on answering. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Reads once, then follows. */
export async function followPromotions(deps: {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  reread(): Promise<void>;
  log: Log;
}): Promise<FollowedPromotions> {
  const { subscribe, log } = deps;
  const reread = async (): Promise<void> => {
    try {
      await deps.reread();
    } catch (error) {
      log.error({ err: error }, 'reading what is in production failed; the present versions go on');
    }
  };
  let turn: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => (turn = turn.then(reread));
  await refresh();
  const following = followTopic({
    subscribe: () => subscribe(MODEL_TOPIC),
    look: refresh,
    onInterrupted: (error) => {
      log.warn({ err: error }, 'following promotions was interrupted');
    },
  });
  return {
    refresh,
    async close() {
      await following.close();
      await turn;
    },
  };
}
