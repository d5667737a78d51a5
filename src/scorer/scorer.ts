import { Worker } from 'node:worker_threads';
import { count } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import type { Contributions } from '../numeric/classifier.js';
import type { Memberships } from '../numeric/clusterer.js';
import type { FeatureTable } from '../numeric/table.js';
import { workerFile } from '../plant/paths.js';
import type { Log } from '../plant/ports.js';
import type { Run } from './batch.js';
import { planRun } from './batch.js';
import type { WorkerData } from './messages.js';
import type { ModelInputs } from './model-inputs.js';
import { checkKind, checkTable } from './model-inputs.js';
import type { FreeLane } from './pool.js';
import { ScorerPool } from './pool.js';
import type { Scorer, ScorerModel, ScorerStats, Scores } from './ports.js';
import type { ProviderChoice } from './provider.js';
import type { Answer, RequestKind, RowValues, RunHead } from './request.js';
import { ScoreRequest } from './request.js';
import { packRows } from './rows.js';

export interface ScorerOptions {
  provider: ProviderChoice;
  /** Worker threads, >= 1; each holds every model. */
  workers: number;
  /** Rows accepted and not yet answered, over all models, >= 1. */
  maxQueuedRows: number;
  log: Log;
  /** Told of every ONNX run, for the metrics. */
  onRun?: (
    run: { provider: string; outcome: 'ok' | 'error' },
    rows: number,
    seconds: number,
  ) => void;
  /** Told of every call for scores or segments, for traces; what it answers is told of its runs, none where it failed. */
  onCall?: (call: { kind: RequestKind; sha256: string; rows: number }) => (runs: number) => void;
}

/** Starts a worker thread; tests bring their own to end it in the middle of a run. */
export type StartWorker = (data: WorkerData) => Worker;

interface Limits {
  deadlineMs?: number;
  signal?: AbortSignal;
}

/**
 * Opens the workers and tries the provider in each.
 * @throws AppError CONFIGURATION when an explicitly chosen provider cannot be used here
 */
export async function openScorer(
  options: ScorerOptions,
  startWorker: StartWorker = startOwnWorker,
): Promise<Scorer> {
  for (const key of ['workers', 'maxQueuedRows'] as const)
    if (!Number.isInteger(options[key]) || options[key] < 1)
      throw new AppError('CONFIGURATION', `${key} must be >= 1, got ${String(options[key])}`);
  const scorer = new WorkerScorer(options, startWorker);
  await scorer.open();
  return scorer;
}

function startOwnWorker(data: WorkerData): Worker {
  return new Worker(workerFile(import.meta.url, './scorer.worker.js'), {
    workerData: data,
    execArgv: [],
  });
}

class WorkerScorer implements Scorer {
  private readonly pool: ScorerPool;
  private readonly counters = { requests: 0, runs: 0, rows: 0, rejected: 0 };
  private queue: ScoreRequest[] = [];
  private openRows = 0;
  private previousWasBig = false;
  private dispatchPlanned = false;
  private closed = false;

  constructor(
    private readonly options: ScorerOptions,
    startWorker: StartWorker,
  ) {
    const { workers, provider, log } = options;
    const start = (gate: SharedArrayBuffer): Worker => startWorker({ provider, gate });
    this.pool = new ScorerPool({ workers, startWorker: start }, log, {
      onFree: () => {
        this.planDispatch();
      },
      onHopeless: () => {
        this.failQueue('no scorer worker is running');
      },
    });
  }

  open(): Promise<void> {
    return this.pool.open();
  }

  async load(model: ScorerModel): Promise<void> {
    if (this.closed) throw new AppError('UNAVAILABLE', 'the scorer is closed');
    await this.pool.load(model);
  }

  isLoaded(sha256: string): boolean {
    return this.pool.inputsOf(sha256) !== null;
  }

  async unload(sha256: string): Promise<void> {
    // Requests still waiting for it fail at the next dispatch.
    await this.pool.unload(sha256);
  }

  async score(sha256: string, table: FeatureTable, limits: Limits = {}): Promise<Scores> {
    this.check('scores', sha256, table);
    this.counters.requests++;
    if (table.rows === 0) return { probability: new Float64Array(0), margin: new Float64Array(0) };
    const [margin, probability] = await this.counted('score', sha256, table, limits);
    if (!margin || !probability) throw new AppError('INTERNAL', 'a run gave no answers');
    return { margin, probability };
  }

  async assign(sha256: string, table: FeatureTable, limits: Limits = {}): Promise<Memberships> {
    const segments = this.check('segments', sha256, table).segments ?? 0;
    this.counters.requests++;
    const none = new Float64Array(0);
    if (table.rows === 0)
      return { segments, segment: new Int32Array(0), probability: none, distance: none };
    const [segment, probability, distance] = await this.counted('assign', sha256, table, limits);
    if (!segment || !probability || !distance)
      throw new AppError('INTERNAL', 'a run gave no answers');
    return { segments, segment: Int32Array.from(segment), probability, distance };
  }

  async explain(
    sha256: string,
    table: FeatureTable,
    limits: Pick<Limits, 'deadlineMs'> = {},
  ): Promise<Contributions | null> {
    const inputs = this.check('scores', sha256, table);
    if (!inputs.explainable) return null;
    // The base value holds without rows too: one row of zeros brings it.
    const asked = table.rows === 0 ? zeroRow(table) : table;
    const answer = await this.enqueue('explain', sha256, asked, limits);
    const [values] = answer.arrays;
    if (!values) throw new AppError('INTERNAL', 'a run gave no answers');
    const { baseValue, inputs: names } = answer;
    return { baseValue, inputs: names, values: values.subarray(0, table.rows * names.length) };
  }

  stats(): ScorerStats {
    const { provider, workersUp } = this.pool;
    return { provider, ...this.counters, queuedRows: this.openRows, workers: workersUp };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.failQueue('the scorer is closed');
    await this.pool.close();
  }

  private inputsOf(sha256: string): ModelInputs {
    if (this.closed) throw new AppError('UNAVAILABLE', 'the scorer is closed');
    const inputs = this.pool.inputsOf(sha256);
    if (!inputs) throw notLoaded(sha256);
    return inputs;
  }

  private check(asked: 'scores' | 'segments', sha256: string, table: FeatureTable): ModelInputs {
    const inputs = this.inputsOf(sha256);
    checkKind(inputs, asked, sha256);
    checkTable(inputs, table);
    return inputs;
  }

  /** The arrays of an answer; its runs and rows are counted for the caller's operation. */
  private async counted(
    kind: 'score' | 'assign',
    sha256: string,
    table: FeatureTable,
    limits: Limits,
  ): Promise<Answer['arrays']> {
    const ended = this.options.onCall?.({ kind, sha256, rows: table.rows });
    let runs = 0;
    try {
      const answer = await this.enqueue(kind, sha256, table, limits);
      ({ runs } = answer);
      // After the await the caller's own counters are the current ones.
      count('onnxRuns', runs);
      count('onnxRows', table.rows);
      return answer.arrays;
    } finally {
      ended?.(runs);
    }
  }

  private enqueue(
    kind: RequestKind,
    sha256: string,
    table: FeatureTable,
    limits: Limits,
  ): Promise<Answer> {
    this.admit(table.rows);
    this.openRows += table.rows;
    const request = new ScoreRequest(kind, sha256, table, () => {
      this.openRows -= table.rows;
    });
    request.limit(limits.deadlineMs, limits.signal);
    if (!request.settled) this.queue.push(request);
    this.planDispatch();
    return request.answer;
  }

  private admit(rows: number): void {
    const { maxQueuedRows: most } = this.options;
    if (this.pool.isHopeless()) throw new AppError('UNAVAILABLE', 'no scorer worker is running');
    if (rows > most)
      throw new AppError(
        'TOO_LARGE',
        `a call takes at most ${String(most)} rows, got ${String(rows)}`,
      );
    if (this.openRows + rows <= most) return;
    this.counters.rejected++;
    const full = `${String(this.openRows)} of ${String(most)} rows`;
    throw new AppError('UNAVAILABLE', `the scorer queue is full: ${full}`);
  }

  /** After the I/O of this moment has had its say, so that its calls share a run. */
  private planDispatch(): void {
    if (this.dispatchPlanned || this.queue.length === 0) return;
    this.dispatchPlanned = true;
    setImmediate(() => {
      this.dispatchPlanned = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    for (const request of this.queue) {
      request.failIfExpired();
      if (!this.pool.isServable(request.sha256)) request.fail(notLoaded(request.sha256));
    }
    this.queue = this.queue.filter((request) => !request.settled);
    for (const free of this.pool.freeLanes()) {
      const ready = this.queue.filter(({ sha256 }) => free.loaded.has(sha256));
      const run = planRun(ready, this.previousWasBig);
      if (!run) continue;
      this.previousWasBig = run.big;
      for (const { request, to } of run.pieces) request.sent = to;
      // What has rows left goes to the end of the queue: big requests take turns.
      const taken = new Set(run.pieces.map(({ request }) => request));
      const left = [...taken].filter(({ sent, rows }) => sent < rows);
      this.queue = [...this.queue.filter((request) => !taken.has(request)), ...left];
      void this.carryOut(free, run);
    }
  }

  private async carryOut({ lane }: FreeLane, run: Run<ScoreRequest>): Promise<void> {
    try {
      const { values, head } = await this.compute(lane, run);
      let offset = 0;
      for (const { request, from, to } of run.pieces) {
        request.accept(values, from, to, offset, head);
        offset += to - from;
      }
    } catch (error) {
      const failure =
        error instanceof AppError
          ? error
          : new AppError('INTERNAL', 'a run failed', { cause: error });
      for (const { request } of run.pieces) request.fail(failure);
    }
    this.planDispatch();
  }

  private async compute(
    lane: FreeLane['lane'],
    run: Run<ScoreRequest>,
  ): Promise<{ values: RowValues; head: RunHead }> {
    const packed = packRows(run.pieces);
    const { rows } = packed;
    const { kind, sha256 } = run.pieces[0].request;
    const transfer = [packed.numeric.buffer, packed.codes.buffer];
    if (kind === 'explain') {
      const { values, ...head } = await lane.call({ kind, sha256, rows: packed }, transfer);
      return { values: { rows, arrays: [values] }, head };
    }
    const arrays = await this.timed(rows, async () => {
      if (kind === 'assign') {
        const answer = await lane.call({ kind, sha256, rows: packed }, transfer);
        return [answer.segment, answer.probability, answer.distance];
      }
      const { margin, probability } = await lane.call({ kind, sha256, rows: packed }, transfer);
      return [margin, probability];
    });
    this.counters.runs++;
    this.counters.rows += rows;
    return { values: { rows, arrays }, head: { baseValue: 0, inputs: [] } };
  }

  private async timed<T>(rows: number, run: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    let outcome: 'ok' | 'error' = 'error';
    try {
      const value = await run();
      outcome = 'ok';
      return value;
    } finally {
      const { provider } = this.pool;
      this.options.onRun?.({ provider, outcome }, rows, (performance.now() - startMs) / 1000);
    }
  }

  private failQueue(message: string): void {
    for (const request of this.queue.splice(0)) request.fail(new AppError('UNAVAILABLE', message));
  }
}

function notLoaded(sha256: string): AppError {
  return new AppError('UNAVAILABLE', `model ${sha256.slice(0, 12)} is not loaded`);
}

function zeroRow(table: FeatureTable): FeatureTable {
  return {
    ...table,
    rows: 1,
    numeric: new Float32Array(table.numericNames.length),
    categorical: table.categoricalNames.map(() => ''),
  };
}
