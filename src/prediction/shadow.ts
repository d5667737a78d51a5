import { setImmediate as turn } from 'node:timers/promises';
import type { ReadFeatures } from '../feature/read-features.js';
import type { Clock } from '../kernel/clock.js';
import { withCounts, zeroCounts } from '../kernel/count.js';
import { inputTable } from '../model/model-inputs.js';
import type { ServedModel, Serving } from '../model/serving.js';
import type { FeatureTable } from '../numeric/table.js';
import type { Log } from '../plant/ports.js';
import type { Scorer } from '../scorer/ports.js';
import { cellOf, rowOf, tableOf } from './input-rows.js';
import type { InputRow, LedgerRow } from './prediction.js';

/** What another version, in SHADOW or another arm of an experiment, would have answered. */
export interface ShadowScore {
  predictionId: number;
  modelVersionId: string;
  modelId: string;
  userId: number;
  /** 0..1 */
  probability: number;
  threshold: number;
  /** What the version that answered said to the same question. */
  answered: number;
  answeredPositive: boolean;
  scoredAt: Date;
  /** The experiment in which the version is another arm; left out for one in SHADOW. */
  experimentId?: string;
}

/** Answers of production that the version in SHADOW is asked about too. */
export interface ShadowQuestions {
  /** Never waits and never throws; without a version in SHADOW nothing is kept. */
  offer(served: ServedModel, rows: readonly LedgerRow[]): void;
  /** Of a version, by this process, since it started. */
  of(modelVersionId: string): ShadowLosses;
  /** Resolves once nothing waits. */
  idle(): Promise<void>;
}

/** Rows that were not scored: `dropped` because too many waited, `errors` because the version could not answer. */
export interface ShadowLosses {
  dropped: number;
  errors: number;
}

export interface ShadowDeps {
  serving: Pick<Serving, 'shadow'>;
  readFeatures: ReadFeatures;
  scorer: Pick<Scorer, 'score'>;
  /** Who was erased or opted out meanwhile is left out. */
  write(rows: readonly ShadowScore[]): Promise<void>;
  clock: Pick<Clock, 'wall'>;
  log: Log;
  /** Rows that wait at most; default 5,000. */
  mostWaiting?: number;
}

const MOST_WAITING = 5_000;
const ROWS_PER_BATCH = 1_000;
const SCORE_WITHIN_MS = 10_000;

interface Waiting {
  served: ServedModel;
  row: LedgerRow;
}

/** Scores in the background, one batch after the other. */
export function shadowQuestions(deps: ShadowDeps): ShadowQuestions {
  const { mostWaiting = MOST_WAITING } = deps;
  const losses = new Map<string, ShadowLosses>();
  const waiting: Waiting[] = [];
  let working: Promise<void> | null = null;
  let failing = false;

  const lose = (versionId: string, what: keyof ShadowLosses, rows: number): void => {
    const own = losses.get(versionId) ?? { dropped: 0, errors: 0 };
    losses.set(versionId, { ...own, [what]: own[what] + rows });
  };

  const work = async (): Promise<void> => {
    await turn(); // the answer leaves first
    while (waiting.length > 0) {
      const production = waiting[0]?.served.version.id;
      const other = waiting.findIndex(({ served }) => served.version.id !== production);
      const batch = waiting.splice(0, Math.min(ROWS_PER_BATCH, other < 0 ? Infinity : other));
      const [first] = batch;
      const shadow = first && deps.serving.shadow(first.served.model.name);
      if (!shadow) continue;
      const rows = batch.map(({ row }) => row);
      try {
        await deps.write(await scoreRows(deps, shadow, first.served, rows));
        failing = false;
      } catch (error) {
        lose(shadow.version.id, 'errors', rows.length);
        const { model, version } = shadow;
        if (!failing)
          deps.log.warn(
            { err: error, model: model.name, version: version.version },
            'a version in shadow cannot be asked; answers do not feel it',
          );
        failing = true;
      }
    }
    working = null;
  };

  return {
    offer(served, rows) {
      const shadow = rows.length > 0 ? deps.serving.shadow(served.model.name) : null;
      if (!shadow || shadow.version.id === served.version.id) return;
      const room = Math.max(0, mostWaiting - waiting.length);
      if (rows.length > room) lose(shadow.version.id, 'dropped', rows.length - room);
      for (const row of rows.slice(0, room)) waiting.push({ served, row });
      // counters of the request that asked are not for this
      if (waiting.length > 0) working ??= withCounts(zeroCounts(), work);
    },
    of: (modelVersionId) => losses.get(modelVersionId) ?? { dropped: 0, errors: 0 },
    async idle() {
      while (working) await working;
    },
  };
}

async function scoreRows(
  deps: Pick<ShadowDeps, 'readFeatures' | 'scorer' | 'clock'>,
  shadow: ServedModel,
  served: ServedModel,
  rows: readonly LedgerRow[],
): Promise<ShadowScore[]> {
  const table = await tableFor(deps.readFeatures, shadow, served, rows);
  const { probability } = await deps.scorer.score(shadow.version.artifactSha256, table, {
    deadlineMs: SCORE_WITHIN_MS,
  });
  const scoredAt = deps.clock.wall();
  return rows.map((row, index) => ({
    predictionId: row.id,
    modelVersionId: shadow.version.id,
    modelId: row.modelId,
    userId: row.userId,
    probability: probability[index] ?? NaN,
    threshold: shadow.threshold,
    answered: row.probability,
    answeredPositive: row.probability >= row.threshold,
    scoredAt,
  }));
}

/** The inputs of the shadow for the same questions: those of production where they are enough, else read as of then. */
async function tableFor(
  readFeatures: ReadFeatures,
  shadow: ServedModel,
  served: ServedModel,
  rows: readonly LedgerRow[],
): Promise<FeatureTable> {
  const known = new Set(served.features.map(({ id }) => id));
  const { inputs, features } = shadow;
  if (features.every(({ id }) => known.has(id))) {
    const taken = rows.map(({ inputs: row }): InputRow => ({
      numeric: Float32Array.from(inputs.numericNames, (name) =>
        Number(cellOf(row, served.inputs, name) ?? NaN),
      ),
      categorical: inputs.categoricalNames.map((name) =>
        String(cellOf(row, served.inputs, name) ?? ''),
      ),
    }));
    return tableOf(inputs, taken);
  }
  const instants = new Map<number, number[]>();
  for (const [index, { asOf }] of rows.entries()) {
    const indices = instants.get(asOf.getTime());
    if (indices) indices.push(index);
    else instants.set(asOf.getTime(), [index]);
  }
  const found: (InputRow | undefined)[] = rows.map(() => undefined);
  await Promise.all(
    [...instants].map(async ([asOf, indices]) => {
      const users = indices.map((index) => rows[index]?.userId ?? 0);
      const read = await readFeatures({ features, users, asOf: new Date(asOf) });
      const table = inputTable(read, inputs);
      for (const [at, index] of indices.entries()) found[index] = rowOf(table, at);
    }),
  );
  return tableOf(
    inputs,
    found.flatMap((row) => row ?? []),
  );
}
