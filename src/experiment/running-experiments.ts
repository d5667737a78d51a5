import type { Experiment } from './experiment.js';

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
