import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BoostingBlock } from '../../numeric/boosting-block.js';
import {
  fitBoosting,
  prepareBoosting,
  type BoostingFit,
  type BoostingOptions,
  type BoostingParameters,
} from '../../numeric/boosting.js';
import { sharedMemory } from '../../numeric/buffers.js';
import type { DesignMatrix } from '../../numeric/table.js';
import { breakTeam, CONTROL_LENGTH, dismissTeam, isBroken } from '../../numeric/team.js';
import { workerFile } from '../../plant/paths.js';

export interface ParallelBoostingOptions extends Pick<BoostingOptions, 'weights' | 'validation'> {
  /** Threads that train, 1 or more; the processors of the machine, at most 8, when not given. */
  threads?: number;
  /** Called after each round (1-based), a little late: the threads do not wait for it. */
  onRound?: (round: number, validationLogLoss: number | null) => void;
  /** Ends the threads at once. */
  signal?: AbortSignal;
}

/** What a thread of the team is started with. */
export interface TeamMember {
  isLeader: boolean;
  threads: number;
  control: Int32Array;
  block: BoostingBlock;
  /** For the leader alone. */
  validation: BoostingOptions['validation'] | null;
}

/** What the leader says. */
export type LeaderMessage =
  { kind: 'round'; round: number; loss: number | null } | { kind: 'fit'; fit: BoostingFit };

/** Cells of the design matrix below which starting threads takes longer than they save. */
const WORTH_THREADS = 1_000_000;
const MOST_THREADS = 8;

/**
 * `fitBoosting` by several threads: the same forest, to the bit, for any number of them. The caller's event
 * loop stays free, but for small tables (below 1,000,000 cells), which are trained at once, in the calling thread.
 * The threads are gone when the promise settles. Takes one copy of the design matrix in shared memory,
 * unless it is there already.
 * @throws RangeError as `fitBoosting`, and for fewer than 1 thread; Error when a thread dies; the signal's
 * reason when aborted
 */
export async function fitBoostingParallel(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: BoostingParameters,
  options: ParallelBoostingOptions = {},
): Promise<BoostingFit> {
  const { onRound, signal, weights, validation } = options;
  const threads = options.threads ?? Math.min(MOST_THREADS, availableParallelism());
  signal?.throwIfAborted();
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`threads must be an integer of at least 1, got ${String(threads)}`);
  }
  if (threads === 1 || x.rows * x.columns < WORTH_THREADS) {
    return fitBoosting(x, labels, parameters, {
      ...(weights && { weights }),
      ...(validation && { validation }),
      onRound: (round, loss) => {
        onRound?.(round, loss);
      },
    });
  }
  return fitByThreads(x, labels, parameters, { ...options, threads });
}

/**
 * `fitBoostingParallel` whatever the size of the table.
 * @param file compiled file of one thread
 */
export async function fitByThreads(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: BoostingParameters,
  options: ParallelBoostingOptions & { threads: number },
  file = workerFile(import.meta.url, './boosting-threads.worker.js'),
): Promise<BoostingFit> {
  const { threads } = options;
  const shared = { ...x, values: shareValues(x.values) };
  const block = prepareBoosting(shared, labels, parameters, options, threads, sharedMemory);
  const control = new Int32Array(sharedMemory(4 * CONTROL_LENGTH));
  const workers = Array.from({ length: threads }, (_, index) => {
    const isLeader = index === 0;
    const validation = isLeader ? (options.validation ?? null) : null;
    const workerData: TeamMember = { isLeader, threads, control, block, validation };
    return new Worker(file, { workerData });
  });
  try {
    return await outcome(workers, control, options);
  } finally {
    // Threads that sleep wake up and go home; those that work are ended.
    dismissTeam(control);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function shareValues(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared = new Float32Array(sharedMemory(values.byteLength));
  shared.set(values);
  return shared;
}

function outcome(
  workers: readonly Worker[],
  control: Int32Array,
  { onRound, signal }: ParallelBoostingOptions,
): Promise<BoostingFit> {
  return new Promise<BoostingFit>((resolve, reject) => {
    const fail = (error: Error): void => {
      signal?.removeEventListener('abort', abort);
      breakTeam(control);
      reject(error);
    };
    const abort = (): void => {
      fail(signal?.reason instanceof Error ? signal.reason : new Error('training was aborted'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    for (const [index, worker] of workers.entries()) {
      worker.on('message', (message: LeaderMessage) => {
        if (message.kind === 'round') onRound?.(message.round, message.loss);
        else {
          signal?.removeEventListener('abort', abort);
          resolve(message.fit);
        }
      });
      worker.once('error', (error: unknown) => {
        fail(error instanceof Error ? error : new Error(String(error)));
      });
      worker.once('exit', (code) => {
        // The leader leaves a broken team in silence: whoever broke it says why.
        if (index === 0 && isBroken(control)) return;
        fail(new Error(`a training thread ended with code ${String(code)}`));
      });
    }
  });
}
