import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { sharedMemory } from '../../numeric/buffers.js';
import type { PointMatrix } from '../../numeric/clustering.js';
import {
  fitKMeans,
  planKMeans,
  type KMeansFit,
  type KMeansOptions,
  type KMeansPlan,
} from '../../numeric/kmeans.js';
import { breakTeam, CONTROL_LENGTH, dismissTeam, isBroken } from '../../numeric/team.js';
import { workerFile } from '../../plant/paths.js';

export interface ParallelKMeansOptions extends KMeansOptions {
  /** 1 or more; the processors of the machine, at most 8, when not given. */
  threads?: number;
  /** Ends the threads at once. */
  signal?: AbortSignal;
}

/** What a thread of the team is started with. */
export interface KMeansTeamMember {
  isLeader: boolean;
  threads: number;
  control: Int32Array;
  plan: KMeansPlan;
}

/** Values of the points below which starting threads takes longer than they save. */
const WORTH_THREADS = 2_000_000;
const MOST_THREADS = 8;

/**
 * `fitKMeans` by several threads: the same result, to the bit, for any number of them. The caller's event loop stays
 * free, but for small tables (below 2,000,000 values) and one thread, which are done at once, in the calling
 * thread. The threads are gone when the promise settles. Takes one copy of the points in shared memory, unless they are
 * there already.
 * @throws RangeError as `fitKMeans`, and for fewer than 1 thread; Error when a thread dies; the signal's reason when aborted
 */
export async function fitKMeansParallel(
  points: PointMatrix,
  k: number,
  options: ParallelKMeansOptions,
): Promise<KMeansFit> {
  const threads = options.threads ?? Math.min(MOST_THREADS, availableParallelism());
  options.signal?.throwIfAborted();
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`threads must be an integer of at least 1, got ${threads}`);
  }
  if (threads === 1 || points.values.length < WORTH_THREADS) return fitKMeans(points, k, options);
  return fitKMeansByThreads(points, k, { ...options, threads });
}

/**
 * `fitKMeansParallel` whatever the size of the table.
 * @param file compiled file of one thread
 */
export async function fitKMeansByThreads(
  points: PointMatrix,
  k: number,
  { threads, signal, ...options }: ParallelKMeansOptions & { threads: number },
  file = workerFile(import.meta.url, './kmeans-threads.worker.js'),
): Promise<KMeansFit> {
  const plan = planKMeans(sharePoints(points), k, options, sharedMemory);
  const control = new Int32Array(sharedMemory(4 * CONTROL_LENGTH));
  const workers = Array.from({ length: threads }, (_, index) => {
    const workerData: KMeansTeamMember = { isLeader: index === 0, threads, control, plan };
    return new Worker(file, { workerData });
  });
  try {
    return await outcome(workers, control, signal);
  } finally {
    // Threads that sleep wake up and go home; those that work are ended.
    dismissTeam(control);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The same points in memory that threads can share. */
export function sharePoints(points: PointMatrix): PointMatrix {
  if (points.values.buffer instanceof SharedArrayBuffer) return points;
  const values = new Float64Array(sharedMemory(points.values.byteLength));
  values.set(points.values);
  return { ...points, values };
}

function outcome(
  workers: readonly Worker[],
  control: Int32Array,
  signal: AbortSignal | undefined,
): Promise<KMeansFit> {
  return new Promise<KMeansFit>((resolve, reject) => {
    const fail = (error: Error): void => {
      signal?.removeEventListener('abort', abort);
      breakTeam(control);
      reject(error);
    };
    const abort = (): void => {
      fail(signal?.reason instanceof Error ? signal.reason : new Error('k-means was aborted'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    for (const [index, worker] of workers.entries()) {
      worker.on('message', (fit: KMeansFit) => {
        signal?.removeEventListener('abort', abort);
        resolve(fit);
      });
      worker.once('error', (error: unknown) => {
        fail(error instanceof Error ? error : new Error(String(error)));
      });
      worker.once('exit', (code) => {
        // The leader leaves a broken team in silence: whoever broke it says why.
        if (index === 0 && isBroken(control)) return;
        fail(new Error(`a k-means thread ended with code ${code}`));
      });
    }
  });
}
