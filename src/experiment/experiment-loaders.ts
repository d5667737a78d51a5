import DataLoader from 'dataloader';
import { liveAsOf, perRequest, type RequestContext } from '../graphql/context.js';
import { variantFor } from './assign.js';
import type { ArmCount, AssignmentStore } from './assignment.store.js';
import type { Assignment, Experiment } from './experiment.js';
import { assignmentNode, type AssignmentNode } from './experiment-nodes.js';
import type { ExperimentStore } from './experiment.store.js';
import type { Exposures, RunningExperiments } from './running-experiments.js';

/** A customer who is asked for the arms. */
export interface AssignedUser {
  userId: number;
  externalId: string;
}

/** Per-request batches. */
export interface ExperimentLoaders {
  /** By uuid; null when there is none. */
  experiment(context: RequestContext): DataLoader<string, Experiment | null>;
  /** Of an experiment, by key of the variant; arms without customers are missing. */
  armCounts(context: RequestContext): DataLoader<string, ReadonlyMap<string, ArmCount>>;
  /**
   * The arms of a customer who agrees to profiling: what is recorded, and what every live experiment decides now. Being
   * told is an exposure: one statement reads and one writes, however many customers and experiments.
   */
  assignments(
    context: RequestContext,
    /** Key of the only experiment that is asked for; null: all. */
    experiment: string | null,
  ): DataLoader<AssignedUser, AssignmentNode[], number>;
}

export interface ExperimentLoadersDeps {
  store: Pick<ExperimentStore, 'byIds'>;
  assignments: Pick<AssignmentStore, 'ofUsers' | 'armCounts'>;
  running: Pick<RunningExperiments, 'live'>;
  exposures: Pick<Exposures, 'expose'>;
}

/** Makes the loaders; compose does this once. */
export function experimentLoaders(deps: ExperimentLoadersDeps): ExperimentLoaders {
  const experiment = perRequest(
    () =>
      new DataLoader<string, Experiment | null>(async (ids) => {
        const rows = new Map((await deps.store.byIds(ids)).map((row) => [row.id, row]));
        return ids.map((id) => rows.get(id) ?? null);
      }),
  );
  const byExperiment = perRequest(
    () => new Map<string | null, DataLoader<AssignedUser, AssignmentNode[], number>>(),
  );
  return {
    experiment,
    armCounts: perRequest(
      () =>
        new DataLoader<string, ReadonlyMap<string, ArmCount>>(async (ids) => {
          const counts = await deps.assignments.armCounts(ids);
          return ids.map(
            (id) =>
              new Map(
                counts
                  .filter(({ experimentId }) => experimentId === id)
                  .map((count) => [count.variantKey, count]),
              ),
          );
        }),
    ),
    assignments: (context, only) => {
      const loaders = byExperiment(context);
      const known = loaders.get(only);
      if (known) return known;
      const loader = new DataLoader<AssignedUser, AssignmentNode[], number>(
        (users) =>
          assignmentsOf(deps, { users, only, at: liveAsOf(context) }, (ids) =>
            experiment(context).loadMany(ids),
          ),
        { cacheKeyFn: ({ userId }) => userId },
      );
      loaders.set(only, loader);
      return loader;
    },
  };
}

async function assignmentsOf(
  { assignments, running, exposures }: Omit<ExperimentLoadersDeps, 'store'>,
  { users, only, at }: { users: readonly AssignedUser[]; only: string | null; at: Date },
  experimentsByIds: (ids: readonly string[]) => Promise<(Experiment | null | Error)[]>,
): Promise<AssignmentNode[][]> {
  const live = running.live(at).filter(({ key }) => only === null || key === only);
  const recorded = await assignments.ofUsers(users.map(({ userId }) => userId));
  const told = users.map((user, index) => withLive(live, user, recorded[index] ?? [], at));
  await exposures.expose(
    told.flatMap((own) => own.filter(({ live: exposed }) => exposed).map(({ row }) => row)),
    at,
  );
  const known = new Map(live.map((each) => [each.id, each]));
  const missing = new Set(
    told.flatMap((own) => own.map(({ row }) => row.experimentId)).filter((id) => !known.has(id)),
  );
  for (const each of await experimentsByIds([...missing])) {
    if (each instanceof Error) throw each;
    if (each) known.set(each.id, each);
  }
  return told.map((own) =>
    own.flatMap(({ row }) => {
      const experiment = known.get(row.experimentId);
      if (!experiment || (only !== null && experiment.key !== only)) return [];
      return assignmentNode(experiment, row) ?? [];
    }),
  );
}

/** What is recorded of a customer, the newest first, after what the live experiments decide now. */
function withLive(
  live: readonly Experiment[],
  { userId, externalId }: AssignedUser,
  recorded: readonly Assignment[],
  at: Date,
): { row: Assignment; live: boolean }[] {
  const isIn = new Set(recorded.map(({ experimentId }) => experimentId));
  const isLive = new Set(live.map(({ id }) => id));
  const fresh = live
    .filter(({ id }) => !isIn.has(id))
    .flatMap((experiment): { row: Assignment; live: boolean }[] => {
      const variant = variantFor(experiment, externalId);
      if (!variant) return [];
      const { id: experimentId } = experiment;
      const told = { source: 'HASH' as const, assignedAt: at, exposures: 1, lastExposedAt: at };
      return [{ row: { experimentId, userId, variantKey: variant.key, ...told }, live: true }];
    });
  return [...fresh, ...recorded.map((row) => ({ row, live: isLive.has(row.experimentId) }))];
}
