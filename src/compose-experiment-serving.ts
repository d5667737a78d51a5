import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import { assignmentStore, type AssignmentStore } from './experiment/assignment.store.js';
import { experimentStore, type ExperimentStore } from './experiment/experiment.store.js';
import { openExposures } from './experiment/expose.js';
import {
  openRunningExperiments,
  type Exposures,
  type KnownExperiments,
} from './experiment/running-experiments.js';
import {
  importAssignments,
  refuseImport,
  type AssignmentRow,
  type ImportAssignmentsResult,
} from './experiment/import-assignments.js';
import { AppError } from './kernel/error.js';
import type { Clock } from './kernel/clock.js';
import type { Bus, Database, Log } from './plant/ports.js';
import { feedBusTopic } from './plant/feed-log.js';

/** Experiments as server and worker know them. */
export interface ExperimentServing {
  store: ExperimentStore;
  assignments: AssignmentStore;
  running: KnownExperiments;
  exposures: Exposures;
  log: Log;
  /** After a change of this process: it is known here, and every other process is told. */
  changed(): Promise<void>;
  close(): Promise<void>;
}

/** Rows of experiments and assignments alone: what the command line needs. */
export function composeExperimentStores(
  db: Database,
): Pick<ExperimentServing, 'store' | 'assignments'> {
  return { store: experimentStore(db, auditStore), assignments: assignmentStore(db, auditStore) };
}

/** The import of assignments, by the key of the experiment. */
export function composeAssignmentImport(parts: {
  db: Database;
  clock: Clock;
  actor: string;
  /** Ids of the customers that exist, by external id. */
  userIds(externalIds: readonly string[]): Promise<Map<string, number>>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
}): {
  importAssignments(
    experiment: string,
    rows: readonly AssignmentRow[],
  ): Promise<ImportAssignmentsResult>;
  experimentKeys(): Promise<{ key: string; refused: string | null }[]>;
} {
  const { db, clock, actor, userIds, erasedBefore } = parts;
  const { store, assignments } = composeExperimentStores(db);
  const deps = {
    ...{ importAssignments: assignments.import, userIds },
    ...{ wall: () => clock.wall(), now: () => clock.now() },
    ...(erasedBefore ? { erasedBefore } : {}),
  };
  return {
    importAssignments: async (key, rows) => {
      const experiment = await store.byKey(key);
      if (!experiment) throw new AppError('NOT_FOUND', `no experiment has the key ${key}`);
      return importAssignments(deps, experiment, rows, actor);
    },
    experimentKeys: async () =>
      (await store.list(null)).map((experiment) => ({
        key: experiment.key,
        refused: refuseImport(experiment, clock.now()),
      })),
  };
}

/** What runs, followed through the bus, and the writer of exposures. */
export async function composeExperimentServing(plant: {
  db: Database;
  bus: Bus;
  log: Log;
}): Promise<ExperimentServing> {
  const { db, bus, log } = plant;
  const announce = announcer(plant);
  const stores = composeExperimentStores(db);
  const running = await openRunningExperiments({
    list: stores.store.list,
    idsByKey: stores.store.idsByKey,
    subscribe: (topic) => bus.subscribe(topic),
    log,
  });
  const exposures = openExposures({
    expose: stores.assignments.expose,
    count: stores.assignments.count,
    log,
  });
  return {
    ...stores,
    running,
    exposures,
    log,
    async changed() {
      announce(feedBusTopic('experiment'), {});
      await running.refresh();
    },
    async close() {
      await running.close();
      await exposures.close();
    },
  };
}
