import { answerAsThread } from '../model/work-in-thread.js';
import { clusterTable } from './cluster-table.js';
import type { ClusterOutcome, ClusterTask } from './cluster-task.js';

await answerAsThread<ClusterTask, ClusterOutcome>(
  (task, onProgress) => clusterTable(task, { onProgress, monotonicMs: () => performance.now() }),
  ({ onnx: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []),
);
