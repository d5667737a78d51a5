import type { ReadStretch } from '../feature/stretch.js';
import type { ServedModel } from '../model/serving.js';
import { DAY_MS } from '../kernel/clock.js';
import { pickRows } from '../numeric/table.js';
import { reportOf } from '../model/version-report.js';
import { ahead } from '../prediction/batch-ahead.js';
import { eligibleRows, firstEventMatters } from '../prediction/batch-rows.js';
import type { NextStretch } from '../prediction/ledger-batch.js';
import type { Scorer } from '../scorer/ports.js';
import type { ScoredTable } from './reference.js';
import type { Stretch, WindowRule } from './window.js';

export interface ReadWindowDeps {
  /** Customers from one id to another: all their features in one statement. */
  stretches: {
    after(afterId: number, limit: number): Promise<NextStretch | null>;
    read: ReadStretch;
  };
  /** Who of a stretch is in a window. */
  within(stretch: Stretch, window: WindowRule): Promise<number[]>;
  scorer: Pick<Scorer, 'score'>;
}

/** Whose rows, and as of when. */
export interface Window {
  asOf: Date;
  /** Null: everybody who is eligible. */
  rule: WindowRule | null;
}

/** Values of one statement: a few milliseconds to count. */
const CHUNK_VALUES = 250_000;

/**
 * The rows of a window with their scores: eligible customers as of its end, in ascending id, chunk by chunk; while one is
 * counted the next is read and scored. Every feature is read in the same statement.
 */
export async function* readWindow(
  deps: ReadWindowDeps,
  served: ServedModel,
  window: Window,
  signal: AbortSignal,
): AsyncGenerator<ScoredTable & { looked: number }, void, void> {
  yield* ahead(scoredChunks(deps, served, window, signal));
}

async function* scoredChunks(
  deps: ReadWindowDeps,
  served: ServedModel,
  { asOf, rule }: Window,
  signal: AbortSignal,
): AsyncGenerator<ScoredTable & { looked: number }, void, void> {
  const { stretches, within, scorer } = deps;
  const chunk = Math.max(500, Math.min(5_000, Math.floor(CHUNK_VALUES / served.features.length)));
  const matters = firstEventMatters(served, asOf);
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const next = await stretches.after(after, chunk);
    if (next === null) return;
    const stretch = { after, until: next.until };
    after = next.until;
    const members = rule && new Set(await within(stretch, rule));
    if (members?.size === 0) continue;
    const rows = await stretches.read({ features: served.features, ...stretch, asOf }, matters);
    const { userIds, table: everybody } = eligibleRows(rows, served, asOf);
    rows.release?.();
    const inside = [...userIds.keys()].filter((row) => members?.has(userIds[row] ?? NaN));
    const table = members ? pickRows(everybody, inside) : everybody;
    if (table.rows === 0) continue;
    const { probability } = await scorer.score(served.version.artifactSha256, table, { signal });
    yield { table, probability, looked: next.customers };
  }
}

/**
 * The rule of a window. Without a beginning it is everybody; for a version that learnt from behaviour, who was active as long before
 * its end as who it learnt from: others were not in the training, and would look like drift.
 */
export function windowRule(
  { model, version }: Pick<ServedModel, 'model' | 'version'>,
  from: Date | null,
  until: Date,
): WindowRule | null {
  if (from) return { from, until, eventTypes: null };
  const { label, eligible } = model.spec;
  const { recipe } = reportOf(version);
  if (recipe.label !== 'BEHAVIOUR' || label.kind !== 'NO_EVENT') return null;
  if (eligible.activeWithinHorizons === null) return null;
  const days = eligible.activeWithinHorizons * recipe.horizonDays;
  return { from: new Date(until.getTime() - days * DAY_MS), until, eventTypes: label.eventTypes };
}
