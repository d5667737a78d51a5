import { parentPort, workerData } from 'node:worker_threads';
import { AppError } from '../../kernel/error.js';
import { predictClassifier } from '../../numeric/classifier-predict.js';
import { worstDisagreement } from '../../onnx/parity.js';
import { readClassifier } from '../../onnx/read-classifier.js';
import { writeClassifier } from '../../onnx/write-classifier.js';
import { trainClassifier } from './train-classifier.js';
import type { TrainedArtifact, TrainingMessage } from './train-in-worker.js';
import type { TrainingInput } from './training.js';

/** Progress messages a second at most. */
const progressIntervalMs = 100;

function train(input: TrainingInput): TrainedArtifact {
  let sentAt = -Infinity;
  const result = trainClassifier(input, {
    now: () => performance.now(),
    onProgress: (progress) => {
      const now = performance.now();
      if (now - sentAt < progressIntervalMs && progress.share < 1) return;
      sentAt = now;
      send({ kind: 'progress', progress });
    },
  });
  const onnx = writeClassifier(result.classifier);
  const reread = readClassifier(onnx);
  if (!reread) throw new Error('the written ONNX file does not hold its classifier');
  return {
    ...result,
    onnx,
    worstDisagreement: worstDisagreement(
      predictClassifier(reread, input.table),
      predictClassifier(result.classifier, input.table),
    ),
  };
}

function send(message: TrainingMessage, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

// A border: `trainInWorker` is the only one that starts this file.
const input = workerData as TrainingInput;
try {
  const result = train(input);
  const { buffer } = result.onnx;
  send({ kind: 'result', result }, buffer instanceof ArrayBuffer ? [buffer] : []);
} catch (error) {
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  send({
    kind: 'error',
    code,
    message: error instanceof AppError ? error.message : message,
  });
}
