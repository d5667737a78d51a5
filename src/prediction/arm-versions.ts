import { withCounts, zeroCounts } from '../kernel/count.js';
import { pause } from '../kernel/pause.js';
import type { Experiment } from '../experiment/experiment.js';
import type { ServedModel, Serving } from '../model/serving.js';
import type { Log } from '../plant/ports.js';

/** The versions that are arms of experiments, loaded as long as those run. */
export interface ArmVersions {
  /**
   * The versions of the arms, by key of the variant; one that is not loaded yet is waited for. An arm that is left out
   * cannot be loaded at present: that is logged, and tried again after a while.
   */
  of(experiment: Experiment): Promise<ReadonlyMap<string, ServedModel>>;
  /** Loads the arms of these experiments, and lets go those of all others. Never waits, never fails. */
  follow(live: readonly Experiment[]): void;
  /** Lets go all. */
  close(): void;
}

export interface ArmVersionsDeps {
  serving: Pick<Serving, 'use'>;
  log: Log;
  monotonicMs(): number;
  /** So long a question waits for a version that is being loaded; default 2,000 ms. */
  waitMs?: number;
}

const WAIT_MS = 2_000;
/** A version that could not be loaded is tried again after so long. */
const TRY_AGAIN_AFTER_MS = 10_000;

interface Held {
  experimentId: string;
  ready: Promise<ServedModel | null>;
  /** Undefined while it is being loaded. */
  served: ServedModel | null | undefined;
  failedAt: number;
  release(): void;
}

/** Nothing is held at first. */
export function armVersions(deps: ArmVersionsDeps): ArmVersions {
  const { monotonicMs, waitMs = WAIT_MS } = deps;
  /** By experiment and version. */
  const held = new Map<string, Held>();

  const ensure = (experiment: Experiment, versionId: string): Held => {
    const key = `${experiment.id} ${versionId}`;
    const present = held.get(key);
    const failed = present?.served === null;
    if (present && !(failed && monotonicMs() - present.failedAt >= TRY_AGAIN_AFTER_MS))
      return present;
    const next = hold(deps, experiment, versionId);
    held.set(key, next);
    return next;
  };

  return {
    async of({ ...experiment }) {
      const arms = new Map<string, ServedModel>();
      for (const { key, modelVersionId } of experiment.variants) {
        if (modelVersionId === null) continue;
        const own = ensure(experiment, modelVersionId);
        const served = own.served === undefined ? await within(own.ready, waitMs) : own.served;
        if (served) arms.set(key, served);
      }
      return arms;
    },
    follow(live) {
      const ids = new Set(live.map(({ id }) => id));
      for (const [key, { experimentId, release }] of [...held]) {
        if (ids.has(experimentId)) continue;
        held.delete(key);
        release();
      }
      for (const experiment of live)
        for (const { modelVersionId } of experiment.variants)
          if (modelVersionId !== null) ensure(experiment, modelVersionId);
    },
    close() {
      for (const { release } of held.values()) release();
      held.clear();
    },
  };
}

/** Loads a version and keeps it until `release`. */
function hold(
  { serving, log, monotonicMs }: ArmVersionsDeps,
  experiment: Experiment,
  versionId: string,
): Held {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const own: Held = {
    ...{ experimentId: experiment.id, served: undefined, failedAt: 0, release },
    ready: new Promise<ServedModel | null>((resolve) => {
      // counters of the request that happens to be the first are not for this
      withCounts(zeroCounts(), () =>
        serving.use(versionId, (served) => {
          own.served = served;
          resolve(served);
          return released;
        }),
      ).catch((error: unknown) => {
        own.served = null;
        own.failedAt = monotonicMs();
        log.error(
          { err: error, experiment: experiment.key, versionId },
          'the version of an arm cannot be loaded: production answers for that arm, nobody is exposed to it',
        );
        resolve(null);
      });
    }),
  };
  return own;
}

async function within<T>(ready: Promise<T>, ms: number): Promise<T | null> {
  const waiting = new AbortController();
  try {
    return await Promise.race([ready, pause(ms, waiting.signal).then(() => null)]);
  } finally {
    waiting.abort();
  }
}
