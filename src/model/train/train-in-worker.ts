import { Worker } from 'node:worker_threads';
import { AppError, type AppErrorCode } from '../../kernel/error.js';
import { workerFile } from '../../plant/paths.js';
import type { TrainingInput, TrainingProgress, TrainingResult } from './training.js';

/** A training result with its file. */
export interface TrainedArtifact extends TrainingResult {
  onnx: Uint8Array;
  /**
   * Largest difference in probability, over all rows, between the classifier and the one read back from
   * `onnx`; what ONNX Runtime makes of the file is checked by the scorer.
   */
  worstDisagreement: number;
}

/** What the training thread says. */
export type TrainingMessage =
  | { kind: 'progress'; progress: TrainingProgress }
  | { kind: 'result'; result: TrainedArtifact }
  | { kind: 'error'; code: AppErrorCode; message: string };

export interface TrainInWorkerHooks {
  /** At most 10 calls a second and one at the end; `share` never falls. */
  onProgress: (progress: TrainingProgress) => void;
  /** Ends the thread at once. */
  signal?: AbortSignal;
}

/**
 * `trainClassifier` in a thread of its own, so that the event loop stays free. The thread is gone when the
 * promise settles. The input is copied to it (one memory copy for numbers) and stays usable here, for the
 * parity check; the file is moved back, not copied.
 * @throws AppError INVALID for input that cannot be trained on; the signal's reason when aborted
 */
export async function trainInWorker(
  input: TrainingInput,
  hooks: TrainInWorkerHooks,
): Promise<TrainedArtifact> {
  hooks.signal?.throwIfAborted();
  const worker = new Worker(workerFile(import.meta.url, './train.worker.js'), {
    workerData: input,
  });
  try {
    return await outcome(worker, hooks);
  } finally {
    await worker.terminate();
  }
}

function outcome(worker: Worker, { onProgress, signal }: TrainInWorkerHooks) {
  return new Promise<TrainedArtifact>((resolve, reject) => {
    const abort = () => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('training was aborted'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      signal?.removeEventListener('abort', abort);
    };
    worker.on('message', (message: TrainingMessage) => {
      switch (message.kind) {
        case 'progress':
          onProgress(message.progress);
          break;
        case 'result':
          settle();
          resolve(message.result);
          break;
        case 'error':
          settle();
          reject(new AppError(message.code, message.message));
          break;
      }
    });
    worker.once('error', (cause) => {
      settle();
      reject(new AppError('INTERNAL', 'the training thread failed', { cause }));
    });
    worker.once('exit', (code) => {
      settle();
      reject(new AppError('INTERNAL', `the training thread ended with code ${String(code)}`));
    });
  });
}
