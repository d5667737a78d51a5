import { workerFile } from '../../plant/paths.js';
import type { FeatureRanking } from '../selection.js';
import { workInThread, type ThreadHooks } from '../work-in-thread.js';
import type { RankFeaturesInput } from './rank-features.js';

/**
 * `rankFeatures` in a thread of its own, so that the event loop stays free.
 * @throws AppError INVALID for input that cannot be ranked; the signal's reason when aborted
 */
export function rankInWorker(
  input: RankFeaturesInput,
  hooks: ThreadHooks,
): Promise<FeatureRanking> {
  const file = workerFile(import.meta.url, './rank.worker.js');
  return workInThread<FeatureRanking>(file, 'selection', input, hooks);
}
