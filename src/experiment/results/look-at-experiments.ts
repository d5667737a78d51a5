import type { Log } from '../../plant/ports.js';
import type { Experiment, ExperimentStatus } from '../experiment.js';
import { lookReport } from './look.js';
import type { LookStore } from './look.store.js';
import type { ReadResults } from './read-results.js';
import type { ExperimentResults } from './results.js';

export interface LookAtExperimentsDeps {
  list(statuses: readonly ExperimentStatus[]): Promise<Experiment[]>;
  read: ReadResults;
  write: LookStore['write'];
  /** Tells every process that an experiment has news. */
  announce(): void;
  /** The instant that results are as of. */
  now(): Date;
  wall(): Date;
  log: Pick<Log, 'error'>;
}

/** Reads the results of an experiment, keeps them and tells who follows it. */
export async function lookAtExperiment(
  deps: Omit<LookAtExperimentsDeps, 'list' | 'log'>,
  experiment: Experiment,
): Promise<ExperimentResults> {
  const results = await deps.read(experiment, deps.now());
  await deps.write(experiment, deps.wall(), lookReport(experiment, results));
  deps.announce();
  return results;
}

/** Looks at all experiments that run, one after the other; one that fails is logged and does not hold up the others. */
export async function lookAtExperiments(
  deps: LookAtExperimentsDeps,
): Promise<{ looked: number; failed: number }> {
  let [looked, failed] = [0, 0];
  for (const experiment of await deps.list(['RUNNING'])) {
    try {
      await lookAtExperiment(deps, experiment);
      looked++;
    } catch (error) {
      failed++;
      deps.log.error({ err: error, experiment: experiment.key }, 'looking at an experiment failed');
    }
  }
  return { looked, failed };
}
