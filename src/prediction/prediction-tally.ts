/** What this process answered for a model since it started; the ledger cannot know these. */
export interface Tally {
  answered: number;
  /** From stored scores that were fresh enough, or whose inputs are the same. */
  fromCache: number;
  /** From stored scores while the model could not answer. */
  fromLast: number;
  /** From rules or the score card while the model could not answer. */
  fromRules: number;
  failed: number;
}

export interface PredictionTally {
  add(modelId: string, what: Partial<Tally>): void;
  of(modelId: string): Tally;
}

const NOTHING: Tally = { answered: 0, fromCache: 0, fromLast: 0, fromRules: 0, failed: 0 };

/** Counters in memory, one process's view. */
export function predictionTally(): PredictionTally {
  const tallies = new Map<string, Tally>();
  const of = (modelId: string): Tally => tallies.get(modelId) ?? { ...NOTHING };
  return {
    add(modelId, what) {
      const now = of(modelId);
      tallies.set(modelId, {
        answered: now.answered + (what.answered ?? 0),
        fromCache: now.fromCache + (what.fromCache ?? 0),
        fromLast: now.fromLast + (what.fromLast ?? 0),
        fromRules: now.fromRules + (what.fromRules ?? 0),
        failed: now.failed + (what.failed ?? 0),
      });
    },
    of,
  };
}
