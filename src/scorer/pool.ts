import type { Worker } from 'node:worker_threads';
import { AppError } from '../kernel/error.js';
import type { Log } from '../plant/ports.js';
import { Lane } from './lane.js';
import type { ModelInputs } from './model-inputs.js';
import type { ScorerModel } from './ports.js';

/** After so many starts in a row that came to nothing, callers are told at once instead of waiting. */
const HOPELESS_AFTER = 3;

interface Seat {
  lane: Lane;
  loaded: Set<string>;
  /** Models that this worker answered with an error when it was to load them. */
  refused: Set<string>;
  /** Loads on this lane, one after the other. */
  turn: Promise<void>;
}

/** A lane that is free and holds these models. */
export type FreeLane = Pick<Seat, 'lane' | 'loaded'>;

/** The worker threads and which models each of them holds. */
export class ScorerPool {
  provider = 'cpu';
  private readonly seats: Seat[];
  private readonly models = new Map<string, ScorerModel & { inputs: ModelInputs }>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly toldNotes = new Set<string>();
  private readonly waitingForLane: { resolve: () => void; reject: (error: Error) => void }[] = [];
  private closed = false;

  /** `onFree` is called whenever a lane may have become free, `onHopeless` when none comes up any more. */
  constructor(
    options: { workers: number; startWorker: (gate: SharedArrayBuffer) => Worker },
    private readonly log: Log,
    private readonly events: { onFree: () => void; onHopeless: () => void },
  ) {
    this.seats = Array.from({ length: options.workers }, () => {
      const lane = new Lane(options.startWorker, {
        up: (provider, note) => {
          this.provider = provider;
          this.tell(note);
          for (const { resolve } of this.waitingForLane.splice(0)) resolve();
          void this.catchUp(seat);
        },
        down: (reason) => {
          seat.loaded.clear();
          seat.refused.clear();
          this.log.warn({ reason }, 'a scorer worker died and is started again');
          if (!this.isHopeless()) return;
          for (const { reject } of this.waitingForLane.splice(0)) reject(noWorker());
          this.events.onHopeless();
        },
      });
      const seat: Seat = { lane, loaded: new Set(), refused: new Set(), turn: Promise.resolve() };
      return seat;
    });
  }

  /** @throws AppError when a worker cannot come up, CONFIGURATION if its provider is the reason */
  async open(): Promise<void> {
    process.on('exit', this.lockAll);
    const opened = await Promise.allSettled(this.seats.map(({ lane }) => lane.open()));
    const failed = opened.find((result) => result.status === 'rejected');
    if (!failed) return;
    await this.close();
    throw failed.reason;
  }

  /** The columns of a loaded model. */
  inputsOf(sha256: string): ModelInputs | null {
    return this.models.get(sha256)?.inputs ?? null;
  }

  /** False when no worker holds the model or can still come to hold it: waiting would not end. */
  isServable(sha256: string): boolean {
    return this.models.has(sha256) && this.seats.some(({ refused }) => !refused.has(sha256));
  }

  get workersUp(): number {
    return this.seats.filter(({ lane }) => lane.isUp).length;
  }

  freeLanes(): FreeLane[] {
    return this.seats.filter(({ lane }) => lane.isIdle);
  }

  isHopeless(): boolean {
    return this.seats.every(({ lane }) => !lane.isUp && lane.failures >= HOPELESS_AFTER);
  }

  /** Checks the model in one worker, then hands it to the others, one by one, so that runs go on meanwhile. */
  load(model: ScorerModel): Promise<void> {
    const { sha256 } = model;
    if (this.models.has(sha256)) return this.loading.get(sha256) ?? Promise.resolve();
    const running = this.loading.get(sha256);
    if (running) return running;
    const load = this.loadEverywhere(model).finally(() => this.loading.delete(sha256));
    this.loading.set(sha256, load);
    return load;
  }

  async unload(sha256: string): Promise<void> {
    await this.loading.get(sha256)?.catch(() => undefined);
    this.models.delete(sha256);
    await Promise.all(
      this.seats.map(async ({ lane, loaded }) => {
        if (!loaded.delete(sha256)) return;
        await lane.call({ kind: 'unload', sha256 }).catch(() => undefined);
      }),
    );
    this.events.onFree();
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.waitingForLane.splice(0)) reject(noWorker());
    await Promise.all(this.seats.map(({ lane }) => lane.close()));
    process.off('exit', this.lockAll);
  }

  /** `process.exit()` and uncaught errors end the threads wherever they are; see `NativeGate`. */
  private readonly lockAll = (): void => {
    for (const { lane } of this.seats) lane.lock();
  };

  private async loadEverywhere({ sha256, bytes }: ScorerModel): Promise<void> {
    // A copy of its own: a view into a larger buffer would be sent with all of that buffer.
    const own = new Uint8Array(bytes);
    const seat = await this.anyLane();
    const { inputs, note } = await seat.lane.call({ kind: 'load', sha256, bytes: own });
    seat.loaded.add(sha256);
    this.tell(note);
    // Known only now: a model that kills its worker on loading is not loaded again after the restart.
    this.models.set(sha256, { sha256, bytes: own, inputs });
    for (const other of this.seats) await this.catchUp(other);
  }

  /** Loads what this lane lacks; a failure is logged, and the lane is passed over for that model. */
  private catchUp(seat: Seat): Promise<void> {
    seat.turn = seat.turn.then(async () => {
      for (const model of this.models.values())
        if (!seat.loaded.has(model.sha256) && seat.lane.isUp) await this.loadInto(seat, model);
      this.events.onFree();
    });
    return seat.turn;
  }

  private async loadInto(seat: Seat, { sha256, bytes }: ScorerModel): Promise<void> {
    try {
      const { note } = await seat.lane.call({ kind: 'load', sha256, bytes });
      this.tell(note);
      if (this.models.has(sha256)) seat.loaded.add(sha256);
      else await seat.lane.call({ kind: 'unload', sha256 });
    } catch (error) {
      if (seat.lane.isUp) seat.refused.add(sha256);
      if (this.closed) return;
      this.log.warn({ sha256, reason: String(error) }, 'a scorer worker could not load a model');
    }
  }

  private async anyLane(): Promise<Seat> {
    for (;;) {
      const up =
        this.seats.find(({ lane }) => lane.isIdle) ?? this.seats.find(({ lane }) => lane.isUp);
      if (up) return up;
      if (this.closed || this.isHopeless()) throw noWorker();
      await new Promise<void>((resolve, reject) => {
        this.waitingForLane.push({ resolve, reject });
      });
    }
  }

  /** One line for each reason, not one for each worker and model. */
  private tell(note: string | null): void {
    if (note === null || this.toldNotes.has(note)) return;
    this.toldNotes.add(note);
    this.log.info(
      { provider: this.provider, passedOver: note },
      'another execution provider was passed over',
    );
  }
}

function noWorker(): AppError {
  return new AppError('UNAVAILABLE', 'no scorer worker is running');
}
