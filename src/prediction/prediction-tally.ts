/** What became of the questions of one call. */
export interface ServedCall {
  /** Name of the model. */
  model: string;
  requests: number;
  errors: number;
  /** Answered by something else than the model. */
  fallbacks: number;
  seconds: number;
}

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
  /** Questions a second, answered or failed: mean over the last 60 s, of which the present second is one. */
  perSecond(modelId: string): number;
}

const NOTHING: Tally = { answered: 0, fromCache: 0, fromLast: 0, fromRules: 0, failed: 0 };
const SECONDS = 60;

/** Counters in memory, one process's view; `monotonicMs` tells which second it is. */
export function predictionTally(monotonicMs: () => number): PredictionTally {
  const tallies = new Map<string, Tally>();
  const minutes = new Map<string, Minute>();
  const second = (): number => Math.floor(monotonicMs() / 1_000);
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
      const minute = minutes.get(modelId) ?? emptyMinute();
      minutes.set(modelId, minute);
      count(minute, second(), (what.answered ?? 0) + (what.failed ?? 0));
    },
    of,
    perSecond(modelId) {
      const minute = minutes.get(modelId);
      return minute ? within(minute, second()) / SECONDS : 0;
    },
  };
}

/** A ring: place `s mod 60` holds the count of the second that `seconds` names there. */
interface Minute {
  seconds: Float64Array;
  counts: Float64Array;
}

function emptyMinute(): Minute {
  return {
    seconds: new Float64Array(SECONDS).fill(-Infinity),
    counts: new Float64Array(SECONDS),
  };
}

function count({ seconds, counts }: Minute, second: number, amount: number): void {
  const place = second % SECONDS;
  counts[place] = (seconds[place] === second ? (counts[place] ?? 0) : 0) + amount;
  seconds[place] = second;
}

function within({ seconds, counts }: Minute, second: number): number {
  return counts.reduce(
    (sum, amount, place) => ((seconds[place] ?? 0) > second - SECONDS ? sum + amount : sum),
    0,
  );
}
