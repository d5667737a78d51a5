import type { Clock } from '../kernel/clock.js';
import { pause } from '../kernel/pause.js';
import { lookWhenWoken } from '../graphql/look-when-woken.js';
import type { ModelSpec } from '../model/model-spec.js';
import { predictionTopic } from './prediction.messages.js';
import type { RiskBand } from './prediction.js';

/** Lower bounds of a model's bands, 0..1; a bound belongs to its band. */
export interface BandBounds {
  modelId: string;
  medium: number;
  high: number;
  critical: number;
}

/** A place in the ledger, and who may still be writing rows before it. */
export interface LedgerMark {
  head: number;
  writers: readonly string[];
}

/** What became of a stretch of the ledger; 'busy': another worker is at it. */
export type RiskChunk = 'busy' | { position: number; rows: number; crossings: number };

export interface RiskLevelStore {
  /** The highest id that was given to a row of the ledger, committed or not. */
  head(): Promise<number>;
  /** The head now; rows up to it are all there once none of its writers is left. */
  mark(): Promise<LedgerMark>;
  /** Those of the writers who have not ended. */
  stillWriting(writers: readonly string[]): Promise<string[]>;
  /** How far the ledger was looked through; null before the first time. */
  position(): Promise<number | null>;
  /** Begins there, unless somebody has begun before. */
  begin(position: number, at: Date): Promise<void>;
  /**
   * Looks through the next rows, at most `limit` and up to the id `until`: levels, entries of the log and position
   * in one transaction.
   */
  take(chunk: {
    until: number;
    limit: number;
    bands: readonly BandBounds[];
    at: Date;
  }): Promise<RiskChunk>;
}

export interface FollowRiskDeps {
  store: RiskLevelStore;
  listModels(): Promise<readonly { id: string; spec: Pick<ModelSpec, 'riskBands'> }[]>;
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  /** Tells subscribers that there are crossings. */
  announceCrossings(): void;
  clock: Pick<Clock, 'wall'>;
  /** Told what failed; it is tried again. */
  onInterrupted(error: unknown): void;
  /** Looked again this often without a message, default 1,000 ms. */
  everyMs?: number;
  /** Rows looked through at once, default 5,000. */
  chunk?: number;
}

const EVERY_MS = 1_000;
const REST_MS = 100;
const CHUNK = 5_000;
/** How long a look waits for writers before it leaves them to the next. */
const WRITERS_MS = 500;

const ORDER: Record<RiskBand, number> = { LOW: 0, MEDIUM: 1, HIGH: 2, CRITICAL: 3 };

/** Whether a score that came from one band into another has come up to the level or above it. */
export function crossesUp(from: RiskBand, to: RiskBand, level: RiskBand): boolean {
  return ORDER[from] < ORDER[level] && ORDER[level] <= ORDER[to];
}

/**
 * Walks the ledger behind its writers and puts down who came into another band. It never waits in a writer's way:
 * only rows before which nothing can appear any more are looked at, and only once, however many workers walk.
 */
export function startFollowingRisk(deps: FollowRiskDeps): { close(): Promise<void> } {
  const { subscribe, onInterrupted, everyMs = EVERY_MS } = deps;
  const ended = new AbortController();
  const heard = new Set<string>();
  const onModels = (ids: readonly string[]): void => {
    for (const id of ids) {
      if (heard.has(id)) continue;
      heard.add(id);
      watch.listen(() => subscribe(predictionTopic(id)));
    }
  };
  const look = riskLook(deps, ended.signal, onModels);
  const watch = lookWhenWoken({ look, onInterrupted, everyMs, restMs: REST_MS });
  return {
    async close() {
      ended.abort();
      await watch.close();
    },
  };
}

/**
 * One look at the ledger a call: everything that is settled is looked through. What is not is waited for a moment
 * and left to the next call, which goes on waiting for the same writers: new ones cannot put it off for ever.
 */
export function riskLook(
  deps: FollowRiskDeps,
  ended: AbortSignal,
  onModels: (ids: readonly string[]) => void = () => undefined,
): () => Promise<void> {
  const { store, clock, chunk = CHUNK } = deps;
  let mark: LedgerMark | null = null;
  let reached: number | null = null;
  const settled = async (): Promise<number | null> => {
    mark ??= await store.mark();
    for (let waitedMs = 0; mark.writers.length > 0; waitedMs += 20) {
      if (waitedMs >= WRITERS_MS || ended.aborted) return null;
      if (waitedMs > 0) await pause(20, ended);
      mark = { ...mark, writers: await store.stillWriting(mark.writers) };
    }
    const { head } = mark;
    mark = null;
    return head;
  };
  return async () => {
    // rolled back or not, the head has moved where anything was written
    if (mark === null && reached !== null && (await store.head()) <= reached) return;
    const until = await settled();
    if (until === null) return;
    // behind the head: a row's model is there before it
    const models = await deps.listModels();
    onModels(models.map(({ id }) => id));
    if ((await store.position()) === null) await store.begin(until, clock.wall());
    const bands = models.map(({ id, spec }) => ({ modelId: id, ...spec.riskBands }));
    while (!ended.aborted) {
      const taken = await store.take({ until, limit: chunk, bands, at: clock.wall() });
      if (taken === 'busy') return;
      if (taken.crossings > 0) deps.announceCrossings();
      reached = taken.position;
      if (taken.rows < chunk || taken.position >= until) return;
    }
  };
}
