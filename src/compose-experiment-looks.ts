import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import { experimentStore } from './experiment/experiment.store.js';
import type { Experiment } from './experiment/experiment.js';
import { lookAtExperiment, lookAtExperiments } from './experiment/results/look-at-experiments.js';
import { lookStore } from './experiment/results/look.store.js';
import { metricSums } from './experiment/results/metric-sums.store.js';
import { modelLabelStore } from './experiment/results/model-labels.store.js';
import { readResults, type ReadResults } from './experiment/results/read-results.js';
import {
  experimentData,
  experimentMarkdown,
  type ReportInput,
} from './experiment/results/results-report.js';
import type { ExperimentResults } from './experiment/results/results.js';
import { encodeId } from './kernel/id.js';
import type { Clock } from './kernel/clock.js';
import { horizonMsOf } from './model/label-horizon.js';
import { approvalsMarkdown } from './model/approvals-markdown.js';
import { modelStore } from './model/model.store.js';
import { feedBusTopic } from './plant/feed-log.js';
import type { Bus, Database, Log } from './plant/ports.js';
import type { ExperimentAccount } from './report/audit-report.js';

/** Looks that a report lists at most. */
const LOOKS = 60;

/** Results of experiments, their looks and reports; for server, worker and command line. */
export interface ExperimentLooks {
  read: ReadResults;
  /** Reads the results, keeps them and tells who follows: after a conclusion. */
  look(experiment: Experiment): Promise<ExperimentResults>;
  /** Upkeep: the same for all that run. */
  lookAtExperiments(): Promise<{ looked: number; failed: number }>;
  /** Markdown with approvals. */
  report(experiment: Experiment, results: ExperimentResults): Promise<string>;
  /** By key, as of now; null when there is none. */
  account(key: string): Promise<ExperimentAccount | null>;
}

/** Puts them together. Without a bus nobody is told. */
export function composeExperimentLooks(plant: {
  db: Database;
  bus: Pick<Bus, 'publish'> | null;
  clock: Clock;
  log: Log;
}): ExperimentLooks {
  const { db, clock, log } = plant;
  const announce = announcer(plant);
  const experiments = experimentStore(db, auditStore);
  const models = modelStore(db, clock, auditStore);
  const looks = lookStore(db);
  const read = readResults({
    sums: metricSums(db),
    models: modelLabelStore(db),
    horizonMs: async (modelId) => {
      const spec = (await models.registeredByIds([modelId]))[0]?.spec;
      return spec ? horizonMsOf(spec) : null;
    },
  });
  const looking = {
    ...{ read, write: looks.write, list: experiments.list, log },
    announce: () => announce(feedBusTopic('experiment'), {}),
    now: () => clock.now(),
    wall: () => clock.wall(),
  };
  const inputOf = async (
    experiment: Experiment,
    results: ExperimentResults,
  ): Promise<ReportInput> => {
    const versionIds = experiment.variants.flatMap(({ modelVersionId }) => modelVersionId ?? []);
    const [versions, kept] = await Promise.all([
      versionIds.length > 0 ? models.versionsByIds(versionIds) : [],
      looks.newest(experiment.id, LOOKS),
    ]);
    return { experiment, results, versions, looks: kept };
  };
  return {
    read,
    look: (experiment) => lookAtExperiment(looking, experiment),
    lookAtExperiments: () => lookAtExperiments(looking),
    report: async (experiment, results) => {
      const input = await inputOf(experiment, results);
      const subjects = [
        encodeId('Experiment', experiment.id),
        ...input.versions.map(({ id }) => encodeId('ModelVersion', id)),
      ];
      const trail = await auditStore(db).bySubjects(subjects);
      return `${experimentMarkdown(input)}\n\n${approvalsMarkdown(trail.flat())}\n`;
    },
    account: async (key) => {
      const experiment = await experiments.byKey(key);
      if (!experiment) return null;
      const input = await inputOf(experiment, await read(experiment, clock.now()));
      return {
        ...{ id: experiment.id, key },
        markdown: experimentMarkdown(input),
        data: experimentData(input),
      };
    },
  };
}
