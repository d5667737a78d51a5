import { predictClassifier } from '../../numeric/classifier-predict.js';
import { worstDisagreement } from '../../onnx/parity.js';
import { readClassifier } from '../../onnx/read-classifier.js';
import { writeClassifier } from '../../onnx/write-classifier.js';
import { answerAsThread, type ThreadProgress } from '../work-in-thread.js';
import { trainClassifier } from './train-classifier.js';
import type { TrainedArtifact } from './train-in-worker.js';
import type { TrainingInput } from './training.js';

async function train(
  input: TrainingInput,
  onProgress: (progress: ThreadProgress) => void,
): Promise<TrainedArtifact> {
  const result = await trainClassifier(input, { now: () => performance.now(), onProgress });
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

await answerAsThread(train, ({ onnx: { buffer } }) =>
  buffer instanceof ArrayBuffer ? [buffer] : [],
);
