import { followTopic } from '../graphql/follow-topic.js';
import { feedBusTopic } from '../plant/feed-log.js';
import type { Log } from '../plant/ports.js';
import { isLive, type Experiment } from './experiment.js';
import type { ExperimentStore } from './experiment.store.js';

/** The experiments that are RUNNING, in memory, a moment old at most: every process follows their changes. */
export interface RunningExperiments {
  /** Inside their window at that instant. */
  live(at: Date): readonly Experiment[];
  /** The one that decides which version of the model answers at that instant; at most one runs a model. */
  ofModel(modelId: string, at: Date): Experiment | null;
  /** Reads again; resolves when done. Never fails: what is known stays. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/** Those, with the keys of all there are. */
export interface KnownExperiments extends RunningExperiments {
  /** The uuid of an experiment of any status, or null. */
  idOf(key: string): string | null;
}

/** Writes down that customers were told their arm: the first time at once, repeats behind the answer. */
export interface Exposures {
  /** One statement for all; who is in the experiment already keeps arm and instant. Never of who opted out or was erased. */
  expose(
    exposed: readonly { experimentId: string; userId: number; variantKey: string }[],
    at: Date,
  ): Promise<void>;
  /** Writes what waits. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface RunningExperimentsDeps extends Pick<ExperimentStore, 'list' | 'idsByKey'> {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  log: Log;
}

/** Reads once, then follows the changes of any process. */
export async function openRunningExperiments(
  deps: RunningExperimentsDeps,
): Promise<KnownExperiments> {
  const { subscribe, log } = deps;
  let running: readonly Experiment[] = [];
  let byModel = new Map<string, Experiment[]>();
  let ids = new Map<string, string>();
  const reread = async (): Promise<void> => {
    try {
      const [now, keys] = await Promise.all([deps.list(['RUNNING']), deps.idsByKey()]);
      const models = new Map<string, Experiment[]>();
      for (const each of now)
        if (each.modelId !== null)
          models.set(each.modelId, [...(models.get(each.modelId) ?? []), each]);
      [running, byModel, ids] = [now, models, keys];
    } catch (error) {
      log.error({ err: error }, 'reading the running experiments failed; those known go on');
    }
  };
  let turn: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => (turn = turn.then(reread));
  await refresh();
  const following = followTopic({
    subscribe: () => subscribe(feedBusTopic('experiment')),
    look: refresh,
    onInterrupted: (error) => {
      log.warn({ err: error }, 'following experiments was interrupted');
    },
  });
  return {
    live: (at) => running.filter((experiment) => isLive(experiment, at)),
    ofModel: (modelId, at) =>
      byModel.get(modelId)?.find((experiment) => isLive(experiment, at)) ?? null,
    idOf: (key) => ids.get(key) ?? null,
    refresh,
    async close() {
      await following.close();
      await turn;
    },
  };
}
