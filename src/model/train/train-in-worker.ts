import { workerFile } from '../../plant/paths.js';
import { workInThread, type ThreadHooks } from '../work-in-thread.js';
import type { TrainingInput, TrainingResult } from './training.js';
import type { TrialHost, TrialTask } from './trial.js';

/** A training result with its file. */
export interface TrainedArtifact extends TrainingResult {
  onnx: Uint8Array;
  /**
   * Largest difference in probability, over all rows, between the classifier and the one read back from
   * `onnx`; what ONNX Runtime makes of the file is checked by the scorer.
   */
  worstDisagreement: number;
}

export interface TrainInWorkerHooks extends Pick<ThreadHooks, 'onProgress' | 'signal'> {
  /** Does the trials; absent: the training thread itself, one after the other. Closed when the training has ended. */
  trials?: TrialHost;
}

/** What the thread is started with. */
export interface TrainingThreadInput {
  input: TrainingInput;
  trialsOutside: boolean;
}

/** What the thread asks for. */
export type TrialQuestion =
  | { kind: 'open'; search: Uint8Array<SharedArrayBuffer> }
  | { kind: 'run'; tasks: readonly TrialTask[] };

/**
 * `trainClassifier` in a thread of its own, so that the event loop stays free. The thread is gone when the
 * promise settles, and so is whoever did the trials. The input is copied to it (one memory copy for numbers) and
 * stays usable here, for the parity check; the file is moved back, not copied.
 * @throws AppError INVALID for input that cannot be trained on; INTERNAL when a trial fails; the signal's reason
 *   when aborted
 */
export async function trainInWorker(
  input: TrainingInput,
  { trials, ...hooks }: TrainInWorkerHooks,
): Promise<TrainedArtifact> {
  const file = workerFile(import.meta.url, './train.worker.js');
  const started: TrainingThreadInput = { input, trialsOutside: trials !== undefined };
  try {
    return await workInThread<TrainedArtifact>(file, 'training', started, {
      ...hooks,
      ...(trials ? { onQuestion: answerTrials(trials) } : {}),
    });
  } finally {
    await trials?.close();
  }
}

function answerTrials(trials: TrialHost): NonNullable<ThreadHooks['onQuestion']> {
  return async (asked, tell) => {
    const question = asked as TrialQuestion; // a border: train.worker.ts asks
    switch (question.kind) {
      case 'open':
        await trials.open(question.search);
        return null;
      case 'run':
        return trials.run(question.tasks, tell);
    }
  };
}
