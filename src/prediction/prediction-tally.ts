/** What this process answered for a model since it started; the ledger cannot know these. */
export interface Tally {
  answered: number;
  fromCache: number;
  failed: number;
}

export interface PredictionTally {
  add(modelId: string, what: Partial<Tally>): void;
  of(modelId: string): Tally;
}

/** Counters in memory, one process's view. */
export function predictionTally(): PredictionTally {
  const tallies = new Map<string, Tally>();
  const of = (modelId: string): Tally =>
    tallies.get(modelId) ?? { answered: 0, fromCache: 0, failed: 0 };
  return {
    add(modelId, what) {
      const now = of(modelId);
      tallies.set(modelId, {
        answered: now.answered + (what.answered ?? 0),
        fromCache: now.fromCache + (what.fromCache ?? 0),
        failed: now.failed + (what.failed ?? 0),
      });
    },
    of,
  };
}
