import { AppError } from '../kernel/error.js';
import { inputNames } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import type { Scorer } from '../scorer/ports.js';
import { tableOf } from './input-rows.js';
import type { InputRow, PredictionSource } from './prediction.js';

/**
 * How far a replay may lie from what was said: the graph computes in float32, and how many rows share a run
 * moves the last bits of a sum.
 */
export const REPLAY_TOLERANCE = 1e-6;

/** What was said, and what it was said from. */
export interface ReplayedRow {
  /** CACHE is a score of the model that was shown again. */
  source: PredictionSource;
  modelVersionId: string;
  /** 0..1 */
  probability: number;
  inputs: InputRow;
}

/** The same question asked again of the same artifact, or of the rules and the score card where they answered. */
export interface Replay {
  /** 0..1; null where it cannot be asked again. */
  probability: number | null;
  /** |replayed - stored|; null where it cannot be asked again. */
  difference: number | null;
  /** Whether the difference is at most REPLAY_TOLERANCE. */
  equal: boolean;
  /** Of the version that answered; null when it is not known any more. */
  artifactSha256: string | null;
  /** Why it cannot be asked again; null where it can. */
  because: string | null;
}

export interface ReplayDeps {
  /** Any version, loaded until `work` has ended. @throws AppError NOT_FOUND */
  useVersion<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T>;
  scorer: Pick<Scorer, 'score'>;
  /** What rules and score card of the version say of a row; null where they say nothing. */
  answerByRules(served: ServedModel, row: InputRow): { probability: number } | null;
}

/**
 * Asks every row again from its logged inputs, those of one version in one call of the scorer, in the order given.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED when the scorer cannot answer
 */
export async function replayRows(
  deps: ReplayDeps,
  rows: readonly ReplayedRow[],
  signal: AbortSignal,
): Promise<Replay[]> {
  const versions = new Map<string, number[]>();
  for (const [index, { modelVersionId }] of rows.entries()) {
    const indices = versions.get(modelVersionId);
    if (indices) indices.push(index);
    else versions.set(modelVersionId, [index]);
  }
  const replays = new Array<Replay>(rows.length);
  for (const [id, indices] of versions) {
    const ofVersion = indices.flatMap((index) => rows[index] ?? []);
    const answered = await replayVersion(deps, id, ofVersion, signal);
    for (const [at, index] of indices.entries()) replays[index] = answered[at] ?? gone(id);
  }
  return replays;
}

const gone = (id: string): Replay => ({
  probability: null,
  difference: null,
  equal: false,
  artifactSha256: null,
  because: `model version ${id} is gone`,
});

async function replayVersion(
  deps: ReplayDeps,
  id: string,
  rows: readonly ReplayedRow[],
  signal: AbortSignal,
): Promise<Replay[]> {
  try {
    return await deps.useVersion(id, async (served) => {
      const byModel = rows.filter((row) => !isByRules(row) && fits(served, row));
      const scores = await scoresOf(deps, served, byModel, signal);
      const scoreOf = new Map(byModel.map((row, at) => [row, scores[at] ?? NaN]));
      return rows.map((row) => {
        if (isByRules(row)) return judged(served, row, ruled(deps, served, row), NO_RULE);
        return judged(served, row, scoreOf.get(row) ?? null, MISFIT);
      });
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return rows.map(() => gone(id));
    throw error;
  }
}

const NO_RULE = 'neither a rule nor a score card of the version says anything';
const MISFIT = 'the logged inputs are not those of the version';

const isByRules = ({ source }: ReplayedRow): boolean => source === 'RULES';

function ruled(deps: ReplayDeps, served: ServedModel, row: ReplayedRow): number | null {
  return fits(served, row) ? (deps.answerByRules(served, row.inputs)?.probability ?? null) : null;
}

function fits({ inputs }: ServedModel, row: ReplayedRow): boolean {
  const { numeric, categorical } = row.inputs;
  return (
    numeric.length === inputs.numericNames.length &&
    numeric.length + categorical.length === inputNames(inputs).length
  );
}

async function scoresOf(
  { scorer }: ReplayDeps,
  { version, inputs }: ServedModel,
  rows: readonly ReplayedRow[],
  signal: AbortSignal,
): Promise<Float64Array> {
  if (rows.length === 0) return new Float64Array(0);
  const table = tableOf(
    inputs,
    rows.map((row) => row.inputs),
  );
  return (await scorer.score(version.artifactSha256, table, { signal })).probability;
}

function judged(
  { version: { artifactSha256 } }: ServedModel,
  row: ReplayedRow,
  probability: number | null,
  because: string,
): Replay {
  if (probability === null)
    return { probability, difference: null, equal: false, artifactSha256, because };
  const difference = Math.abs(probability - row.probability);
  const equal = difference <= REPLAY_TOLERANCE;
  return { probability, difference, equal, artifactSha256, because: null };
}
