import type { ExperimentServing } from './compose-experiment-serving.js';
import { createExperiment } from './experiment/create-experiment.js';
import type { Experiment } from './experiment/experiment.js';
import { experimentLoaders, type ExperimentLoaders } from './experiment/experiment-loaders.js';
import { ExperimentResolver, VariantResolver } from './experiment/experiment.resolver.js';
import { moveExperiment } from './experiment/move-experiment.js';
import {
  AssignmentResolver,
  UserAssignmentsResolver,
} from './experiment/user-assignments.resolver.js';
import type { Clock } from './kernel/clock.js';
import type { Model, ModelVersion } from './model/model.js';
import type { ModelLoaders } from './model/version-loaders.js';

/** What experiments in the graph stand on. */
export interface ExperimentRoomParts {
  clock: Clock;
  serving: ExperimentServing;
  models: {
    byName(name: string): Promise<Model | null>;
    versionsByIds(ids: readonly string[]): Promise<ModelVersion[]>;
  };
  modelsOf: Pick<ModelLoaders, 'model' | 'version'>;
  /** After a conclusion: the results as they stood. */
  onConcluded?(experiment: Experiment): Promise<void>;
}

/** Experiments, their arms, and who is in which. `Experiment.results` is added by its own resolver. */
export function composeExperimentRoom(parts: ExperimentRoomParts): {
  resolvers: object[];
  loaders: ExperimentLoaders;
} {
  const { clock, serving, models, modelsOf, onConcluded } = parts;
  const { store, assignments, running, exposures, changed, log } = serving;
  const loaders = experimentLoaders({ store, assignments, running, exposures });
  const clocks = { wall: () => clock.wall(), now: () => clock.now() };
  const creating = {
    ...{ create: store.create, byKey: store.byKey, changed, ...clocks },
    modelByName: models.byName,
    versionsByIds: models.versionsByIds,
  };
  const moving = {
    ...{ move: store.move, changed, ...clocks },
    // the conclusion stands, whatever becomes of this
    onConcluded: async (experiment: Experiment): Promise<void> => {
      try {
        await onConcluded?.(experiment);
      } catch (error) {
        log.error(
          { err: error, experiment: experiment.key },
          'the results of a concluded experiment were not put down',
        );
      }
    },
  };
  return {
    resolvers: [
      new ExperimentResolver({
        list: store.list,
        byKey: store.byKey,
        create: (draft, actor) => createExperiment(creating, draft, actor),
        move: (request) => moveExperiment(moving, request),
        modelLoaders: modelsOf,
      }),
      new VariantResolver({ modelLoaders: modelsOf, loaders }),
      new UserAssignmentsResolver({ loaders }),
      new AssignmentResolver(),
    ],
    loaders,
  };
}
