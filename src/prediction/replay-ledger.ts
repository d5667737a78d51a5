import { AppError } from '../kernel/error.js';
import type { LedgerRow } from './prediction.js';
import { replayRows, type Replay, type ReplayDeps } from './replay.js';

export interface ReplayLedgerDeps extends ReplayDeps {
  modelByName(name: string): Promise<{ id: string } | null>;
  /** The newest rows of a model scored in [since, until), newest first. */
  newestRows(query: {
    modelId: string;
    since: Date;
    until: Date;
    first: number;
    beforeId: number | null;
  }): Promise<LedgerRow[]>;
}

export interface ReplayQuestion {
  model: string;
  since: Date;
  until: Date;
  /** Rows at most, 1..MAX_REPLAYED, the newest ones. */
  first: number;
}

/** A row that did not come out the same. */
export interface Mismatch {
  ledgerId: number;
  userId: number;
  stored: number;
  replay: Replay;
}

export interface ReplayReport {
  /** Rows that were asked again. */
  predictions: number;
  mismatches: number;
  /** Null without a row that could be asked again. */
  largestDifference: number | null;
  /** Artifacts that answered, by the number of their rows, most first. */
  artifacts: { sha256: string; predictions: number }[];
  /** The first few, newest first. */
  examples: Mismatch[];
}

export const MAX_REPLAYED = 10_000;
const PAGE = 2_000;
const EXAMPLES = 20;

/**
 * Asks the newest rows of a model again from what the ledger logged of them, and counts those that do not
 * come out the same. Reads and compares 2,000 rows at a time.
 * @throws AppError NOT_FOUND for an unknown model, INVALID for bounds that are none
 */
export async function replayLedger(
  deps: ReplayLedgerDeps,
  { model, since, until, first }: ReplayQuestion,
  signal: AbortSignal,
): Promise<ReplayReport> {
  if (!Number.isInteger(first) || first < 1 || first > MAX_REPLAYED)
    throw new AppError('INVALID', `first must be 1..${MAX_REPLAYED}, got ${first}`);
  if (since >= until)
    throw new AppError(
      'INVALID',
      `since must be before until, got ${since.toISOString()} and ${until.toISOString()}`,
    );
  const found = await deps.modelByName(model);
  if (!found) throw new AppError('NOT_FOUND', `no model is named ${model.slice(0, 80)}`);
  const tally = emptyTally();
  let beforeId: number | null = null;
  while (tally.predictions < first) {
    const wanted = Math.min(PAGE, first - tally.predictions);
    const query = { modelId: found.id, since, until, first: wanted, beforeId };
    const rows = await deps.newestRows(query);
    addTo(tally, rows, await replayRows(deps, rows, signal));
    beforeId = rows.at(-1)?.id ?? null;
    if (rows.length < wanted) break;
  }
  const artifacts = [...tally.artifacts]
    .map(([sha256, predictions]) => ({ sha256, predictions }))
    .sort((a, b) => b.predictions - a.predictions);
  return { ...tally, artifacts };
}

type Tally = Omit<ReplayReport, 'artifacts'> & { artifacts: Map<string, number> };

const emptyTally = (): Tally => ({
  predictions: 0,
  mismatches: 0,
  largestDifference: null,
  artifacts: new Map(),
  examples: [],
});

function addTo(tally: Tally, rows: readonly LedgerRow[], replays: readonly Replay[]): void {
  for (const [index, { id, userId, probability }] of rows.entries()) {
    const replay = replays[index];
    if (!replay) continue;
    tally.predictions += 1;
    const { artifactSha256, difference } = replay;
    if (artifactSha256)
      tally.artifacts.set(artifactSha256, (tally.artifacts.get(artifactSha256) ?? 0) + 1);
    if (difference !== null)
      tally.largestDifference = Math.max(tally.largestDifference ?? 0, difference);
    if (replay.equal) continue;
    tally.mismatches += 1;
    if (tally.examples.length < EXAMPLES)
      tally.examples.push({ ledgerId: id, userId, stored: probability, replay });
  }
}
