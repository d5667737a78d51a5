import { AppError } from '../../kernel/error.js';
import { turns } from '../../kernel/turns.js';
import { RowError, type BadRow, type Row } from './cell.js';
import type { Columns } from './columns.js';
import type { ImportDeps, ImportHooks, Refusal } from './context.js';
import type { OpenedTable } from './open-table.js';
import { rejectedSink, type RejectedSink } from './rejected-sink.js';

/** What a file can hold. */
export type ImportKind = 'events' | 'users' | 'outcomes' | 'assignments' | 'tickets' | 'devices';

/** Kinds of which one batch is written at a time: which row of the file stands depends on their order. */
const IN_ORDER: readonly ImportKind[] = ['users', 'assignments', 'tickets', 'devices'];

/** How the rows of one kind are mapped and written. */
export interface ImportPlan<Out> {
  kind: ImportKind;
  source: string;
  /** Looks before anything is written whether the rows can be taken at all. @throws AppError when not */
  check?(): Promise<void>;
  /** null: left out by `--where`. Throws RowError for a row that cannot be taken. */
  map(row: Row): Out | null;
  /** External id of the customer that a row is about. Throws RowError where it names none. */
  userKey?(row: Row): string;
  /** @param inTurn lets what must happen in the order of the batches wait for those before */
  write(
    rows: readonly Out[],
    inTurn: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<{
    accepted: number;
    duplicates: number;
    rejected: readonly Refusal[];
  }>;
}

export interface ImportResult {
  job: string;
  accepted: number;
  duplicates: number;
  rejected: number;
  skipped: number;
  seconds: number;
  rowsPerSecond: number;
  rejectedFile: string | null;
  firstRejected: readonly BadRow[];
}

/**
 * The first batch is small, so that writing starts soon; each next one is twice as large, up to the largest: a file
 * sorted by time moves the last activity of nearly every customer once a batch.
 */
const FIRST_BATCH = 5_000;
const LARGEST_BATCH = 80_000;
/** Profiles and tickets can be 10,000 bytes each, and gain nothing by more of them. */
const LARGEST_BATCH_IN_ORDER = 10_000;
const BAD_BATCH = 10_000;
const IN_FLIGHT = 3;
/** A file of which so many rows, and no other, came first is being read with the wrong mapping. */
const HOPELESS = 10_000;
const JOB_PROGRESS_MS = 1_000;
const GO_ON = 'run the same command again to go on: what is in already counts as duplicates';

/**
 * Streams a table through a plan: batches of up to 80,000 rows, three under way (one on its way
 * through this process, two in the database), reading waits for writing.
 * Leaves a job that has succeeded or failed. Whatever was written before a failure stays, and is a
 * duplicate when the same file is imported again.
 */
export async function runImport<Out>(
  table: OpenedTable,
  plan: ImportPlan<Out>,
  deps: ImportDeps,
  options: { file: string; rejected: string | null; hooks?: ImportHooks },
): Promise<ImportResult> {
  const started = deps.clock.monotonicMs();
  const { file } = options;
  await beforeAnything(table, plan);
  const job = await deps.jobs.start({ kind: plan.kind, file, source: plan.source });
  const sink = rejectedSink(deps, {
    jobId: job,
    source: plan.source,
    input: file,
    file: options.rejected,
  });
  const run = new Run(table, plan, deps, sink, job, options.hooks ?? {});
  try {
    const counts = await run.all();
    const rejectedFile = await sink.close();
    const seconds = (deps.clock.monotonicMs() - started) / 1000;
    const result: ImportResult = {
      job,
      ...counts,
      rejected: sink.count,
      seconds: round(seconds),
      rowsPerSecond: seconds > 0 ? Math.round(run.rows / seconds) : 0,
      rejectedFile,
      firstRejected: sink.first,
    };
    const { accepted, duplicates, rejected, skipped } = result;
    await deps.jobs.succeed(job, {
      accepted,
      duplicates,
      rejected,
      skipped,
      seconds: result.seconds,
    });
    return result;
  } catch (error) {
    await sink.close().catch(() => undefined);
    await deps.jobs
      .fail(job, error instanceof Error ? error.message : String(error))
      .catch(() => undefined); // the first failure is the one to tell
    throw error;
  } finally {
    table.close();
  }
}

async function beforeAnything<Out>(table: OpenedTable, plan: ImportPlan<Out>): Promise<void> {
  try {
    await plan.check?.();
  } catch (error) {
    table.close();
    throw error;
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** One run's state. */
class Run<Out> {
  rows = 0;
  private readonly counts = { accepted: 0, duplicates: 0, skipped: 0 };
  private readonly inFlight = new Set<Promise<void>>();
  private failure: Error | null = null;
  private readonly nextTurn = turns();
  private pending: { row: Row; out: Out }[] = [];
  private batchSize = FIRST_BATCH;
  private bad: BadRow[] = [];
  private lastReport = 0;
  private reporting = false;
  private cancelled = false;

  constructor(
    private readonly table: OpenedTable,
    private readonly plan: ImportPlan<Out>,
    private readonly deps: ImportDeps,
    private readonly sink: RejectedSink,
    private readonly job: string,
    private readonly hooks: ImportHooks,
  ) {}

  async all(): Promise<{ accepted: number; duplicates: number; skipped: number }> {
    try {
      let line = 0;
      for await (const batch of this.table.batches) {
        this.stopIfAsked(line);
        for (const row of batch.rows) {
          this.mapRow(row);
          if (this.pending.length >= this.batchSize) await this.send();
        }
        this.rows += batch.bad.length;
        this.bad.push(...batch.bad);
        if (this.bad.length >= BAD_BATCH) await this.flushBad();
        ({ line } = batch);
        this.stopIfHopeless();
        this.report();
      }
      await this.send();
      await this.flushBad();
      await this.settle(0);
      this.report();
      return this.counts;
    } finally {
      await Promise.allSettled(this.inFlight);
    }
  }

  private mapRow(row: Row): void {
    this.rows++;
    try {
      const out = this.plan.map(row);
      if (out === null) this.counts.skipped++;
      else this.pending.push({ row, out });
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      this.bad.push(this.badRow(row, 'INVALID', error.message));
    }
  }

  private badRow(row: Row, code: BadRow['code'], message: string): BadRow {
    return {
      line: row.line,
      code,
      message,
      row: asObject(row, this.table.columns),
      userKey: this.userKeyOf(row),
    };
  }

  private userKeyOf(row: Row): string | null {
    try {
      return this.plan.userKey?.(row) ?? null;
    } catch (error) {
      if (error instanceof RowError) return null;
      throw error;
    }
  }

  private async send(): Promise<void> {
    const batch = this.pending;
    if (batch.length === 0) return;
    this.pending = [];
    const inOrder = IN_ORDER.includes(this.plan.kind);
    const largest = inOrder ? LARGEST_BATCH_IN_ORDER : LARGEST_BATCH;
    this.batchSize = Math.min(largest, 2 * this.batchSize);
    // profiles one batch at a time: customers get their ids in the order of the file
    await this.settle(inOrder ? 0 : IN_FLIGHT - 1);
    const writing = this.write(batch)
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.inFlight.delete(writing));
    this.inFlight.add(writing);
  }

  private async write(batch: readonly { row: Row; out: Out }[]): Promise<void> {
    const turn = this.nextTurn();
    const rows = batch.map(({ out }) => out);
    const result = await this.plan.write(rows, turn.take).finally(turn.end);
    this.counts.accepted += result.accepted;
    this.counts.duplicates += result.duplicates;
    for (const refusal of result.rejected) {
      const source = batch[refusal.index];
      if (source) this.bad.push(this.badRow(source.row, refusal.code, refusal.message));
    }
  }

  /** Waits until at most `most` batches are under way. @throws what a batch threw */
  private async settle(most: number): Promise<void> {
    while (this.inFlight.size > most) await Promise.race(this.inFlight);
    if (this.failure !== null) throw this.failure;
    if (most === 0) await this.flushBad();
  }

  private async flushBad(): Promise<void> {
    const rows = this.bad.sort((a, b) => a.line - b.line);
    this.bad = [];
    await this.sink.add(rows);
  }

  private stopIfAsked(line: number): void {
    if (this.hooks.signal?.aborted === true)
      throw new AppError('INTERNAL', `stopped at line ${line}; ${GO_ON}`);
    if (this.cancelled)
      throw new AppError('CONFLICT', `the job was cancelled at line ${line}; ${GO_ON}`);
  }

  private stopIfHopeless(): void {
    const rejected = this.sink.count + this.bad.length;
    if (rejected < HOPELESS || rejected < this.rows) return;
    const first = this.sink.first[0] ?? this.bad[0];
    throw new AppError(
      'INVALID',
      `all of the first ${rejected} rows were rejected, nothing is in; line ${first?.line ?? 0}: ${first?.message ?? ''}. Check the mapping`,
    );
  }

  private report(): void {
    const share = this.table.share();
    this.hooks.onProgress?.({ rows: this.rows, share });
    const now = this.deps.clock.monotonicMs();
    if (this.reporting || now - this.lastReport < JOB_PROGRESS_MS) return;
    this.lastReport = now;
    this.reporting = true;
    // Progress is a courtesy: an import does not fail for it.
    void this.deps.jobs
      .progress(this.job, share, `${this.rows} rows read`)
      .then((held) => {
        this.cancelled = !held;
      })
      .catch(() => undefined)
      .finally(() => {
        this.reporting = false;
      });
  }
}

function asObject(row: Row, columns: Columns): Record<string, unknown> {
  return Object.fromEntries(columns.names.map((name, i) => [name, row.cells[i] ?? null]));
}
