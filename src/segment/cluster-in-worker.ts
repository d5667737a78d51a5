import { workInThread, type ThreadHooks } from '../model/work-in-thread.js';
import { workerFile } from '../plant/paths.js';
import type { ClusterOutcome, ClusterTask } from './cluster-task.js';

/**
 * `clusterTable` in a thread of its own, so that the event loop stays free. The thread is gone when the promise settles.
 * The task is copied to it.
 * @throws AppError INVALID for customers that cannot be grouped; the signal's reason when aborted
 */
export function clusterInWorker(
  task: ClusterTask,
  hooks: Pick<ThreadHooks, 'onProgress' | 'signal'>,
): Promise<ClusterOutcome> {
  const file = workerFile(import.meta.url, './cluster.worker.js');
  return workInThread<ClusterOutcome>(file, 'segmentation', task, hooks);
}
