import type { Drift } from './compose-drift-work.js';
import type { composeJobs, composeModels, Plant } from './compose-models.js';
import { driftLoaders } from './drift/drift-loaders.js';
import {
  driftReferenceNode,
  driftReportNode,
  type DriftReferenceNode,
  type DriftReportNode,
} from './drift/drift-node.js';
import { DriftReferenceResolver, DriftResolver } from './drift/drift.resolver.js';
import type { RequestContext } from './graphql/context.js';
import { jobLoader } from './job/job-loader.js';
import type { ModelLoaders } from './model/version-loaders.js';

/** What the drift room stands on. */
export interface DriftRoomParts {
  plant: Pick<Plant, 'clock'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'store' | 'submit'>;
  models: { store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'byName' | 'inStage'> };
  modelsOf: Pick<ModelLoaders, 'model' | 'version'>;
  drift: Drift;
}

/** Reports of drift in the graph. */
export function composeDriftRoom(parts: DriftRoomParts): {
  resolvers: object[];
  /** What a DRIFT job left behind, batched by the request; null when there is none. */
  driftReportById(context: RequestContext, id: string): Promise<DriftReportNode | null>;
  driftReferenceById(context: RequestContext, id: string): Promise<DriftReferenceNode | null>;
} {
  const { plant, jobs, models, modelsOf, drift } = parts;
  const loaders = driftLoaders({
    reportsByIds: drift.reports.byIds,
    referencesByIds: drift.references.factsByIds,
    referencesOf: drift.references.factsOf,
  });
  return {
    resolvers: [
      new DriftResolver({
        modelByName: models.store.byName,
        productionOf: async ({ id }) =>
          (await models.store.inStage([id], 'PRODUCTION'))[0]?.id ?? null,
        reportPage: drift.reports.page,
        submitJob: jobs.submit,
        loaders,
        models: modelsOf,
        jobLoader: jobLoader({ jobsByIds: jobs.store.byIds }),
        clock: plant.clock,
      }),
      new DriftReferenceResolver({ loaders }),
    ],
    driftReportById: async (context, id) => {
      const found = await loaders.report(context).load(id);
      return found && driftReportNode(found);
    },
    driftReferenceById: async (context, id) => {
      const found = await loaders.reference(context).load(id);
      return found && driftReferenceNode(found);
    },
  };
}
