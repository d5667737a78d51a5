import { workerFile } from '../../plant/paths.js';
import { workInThread, type ThreadHooks } from '../work-in-thread.js';
import type { TrainingInput, TrainingResult } from './training.js';

/** A training result with its file. */
export interface TrainedArtifact extends TrainingResult {
  onnx: Uint8Array;
  /**
   * Largest difference in probability, over all rows, between the classifier and the one read back from
   * `onnx`; what ONNX Runtime makes of the file is checked by the scorer.
   */
  worstDisagreement: number;
}

export type TrainInWorkerHooks = ThreadHooks;

/**
 * `trainClassifier` in a thread of its own, so that the event loop stays free. The thread is gone when the
 * promise settles. The input is copied to it (one memory copy for numbers) and stays usable here, for the
 * parity check; the file is moved back, not copied.
 * @throws AppError INVALID for input that cannot be trained on; the signal's reason when aborted
 */
export function trainInWorker(
  input: TrainingInput,
  hooks: TrainInWorkerHooks,
): Promise<TrainedArtifact> {
  const file = workerFile(import.meta.url, './train.worker.js');
  return workInThread<TrainedArtifact>(file, 'training', input, hooks);
}
