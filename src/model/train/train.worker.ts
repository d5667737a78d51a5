import { predictClassifier } from '../../numeric/classifier-predict.js';
import { worstDisagreement } from '../../onnx/parity.js';
import { readClassifier } from '../../onnx/read-classifier.js';
import { writeClassifier } from '../../onnx/write-classifier.js';
import { answerAsThread, type AskOutside, type ThreadProgress } from '../work-in-thread.js';
import { searchInput } from './fold-data.js';
import { trainClassifier } from './train-classifier.js';
import type { TrainedArtifact, TrainingThreadInput, TrialQuestion } from './train-in-worker.js';
import { packSearch, unpackOutcomes } from './trial-bytes.js';
import type { TrainingInput } from './training.js';
import type { RunTrials } from './trial.js';

async function train(
  { input, trialsOutside }: TrainingThreadInput,
  onProgress: (progress: ThreadProgress) => void,
  ask: AskOutside,
): Promise<TrainedArtifact> {
  const now = (): number => performance.now();
  const result = await trainClassifier(input, {
    now,
    onProgress,
    ...(trialsOutside ? { runTrials: outside(input, ask) } : {}),
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

/** Trials done by whoever started this thread; the rows of the search go there with the first of them. */
function outside(input: TrainingInput, ask: AskOutside): RunTrials {
  const question = (asked: TrialQuestion, onNews?: (news: unknown) => void): Promise<unknown> =>
    ask(asked, onNews);
  let opened: Promise<unknown> | null = null;
  return async (tasks, onDone) => {
    opened ??= question({ kind: 'open', search: packSearch(searchInput(input)) });
    await opened;
    const outcomes = await question({ kind: 'run', tasks }, (done) => onDone?.(Number(done)));
    // A border: `answerTrials` of train-in-worker.ts answers.
    return (outcomes as Uint8Array[]).map(unpackOutcomes);
  };
}

await answerAsThread(train, ({ onnx: { buffer } }) =>
  buffer instanceof ArrayBuffer ? [buffer] : [],
);
