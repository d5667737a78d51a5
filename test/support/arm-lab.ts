import { composeExperimentServing } from '../../src/compose-experiment-serving.js';
import { composeFeatureReading, composeModels } from '../../src/compose-models.js';
import { composeServing } from '../../src/compose-serving.js';
import type { Experiment, Variant } from '../../src/experiment/experiment.js';
import { DAY_MS } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { inputTable } from '../../src/model/model-inputs.js';
import type { PredictionAnswer } from '../../src/prediction/prediction.js';
import { predictionLoaders, type PredictionKey } from '../../src/prediction/prediction-loaders.js';
import { listLog } from './scorer.js';
import { requestContext, type ServingLab } from './serving-lab.js';

/** A server of its own on the lab's database: experiments, serving, loaders. `ahead`: how far its `now` is off, milliseconds. */
export async function armServer(lab: ServingLab, ahead = 0) {
  const clock = { ...lab.clock, now: () => new Date(lab.clock.now().getTime() + ahead) };
  const log = listLog();
  const plant = { ...lab.graph.plant, clock, log, scorer: lab.scorer };
  const features = composeFeatureReading(lab.database.db);
  const { serving } = await composeModels(plant, features.store);
  const experiments = await composeExperimentServing(plant);
  const serve = composeServing(
    plant,
    serving,
    features.read,
    { resultCacheEntries: 1_000 },
    experiments,
  );
  const published: number[] = [];
  let settled: Promise<void> | null = null;
  const { deps } = lab.setting({
    ...serve.predicting,
    serving,
    clock,
    publishPredictions: (_, message) => {
      if ('ids' in message) published.push(...message.ids);
    },
  });
  return {
    deps,
    experiments,
    features,
    log,
    published,
    serve,
    serving,
    /** One request about all of these. */
    async ask(
      users: readonly { id: number; externalId: string }[],
      more: Partial<PredictionKey> = {},
      change: Partial<typeof deps> = {},
    ) {
      const counts = zeroCounts();
      // of all of them: who is asked about as of another millisecond is another question
      const asOf = clock.now();
      const served = serving.current('churn');
      if (!served) throw new Error('nothing in production');
      const loaders = predictionLoaders({ ...deps, ...change });
      const context = requestContext(clock);
      const answers = await withCounts(counts, () =>
        loaders.answer(context).loadMany(
          users.map(({ id, externalId }) => ({
            ...{ userId: id, externalId, served, asOf },
            ...{ maxStalenessSeconds: null, overrides: [] },
            ...more,
          })),
        ),
      );
      return { answers: answers.map(scored), all: answers, counts };
    },
    /** What a version says of a customer, read anew. */
    scoreBy: (versionId: string, { userId, asOf }: { userId: number; asOf: Date }) =>
      serving.use(versionId, async (served) => {
        const read = await features.read({ features: served.features, users: [userId], asOf });
        const table = inputTable(read, served.inputs);
        const { probability } = await lab.scorer.score(served.version.artifactSha256, table);
        return probability[0] ?? NaN;
      }),
    /** Resolves when what the other arms say is written; nobody is asked after that. */
    settle: () => (settled ??= serve.close()),
    async close() {
      await (settled ??= serve.close());
      await experiments.close();
      await serving.close();
    },
  };
}

export type ArmServer = Awaited<ReturnType<typeof armServer>>;

function scored(answer: PredictionAnswer | Error | null) {
  if (!answer || answer instanceof Error || answer.eligibility !== 'ELIGIBLE') return null;
  return answer;
}

/** Writes an experiment down that runs on the shop's model, from yesterday to tomorrow. */
export async function runExperiment(
  lab: ServingLab,
  server: ArmServer,
  versions: readonly string[],
  change: Partial<Experiment> = {},
): Promise<Experiment> {
  const now = lab.clock.now().getTime();
  const created = await server.experiments.store.create({
    ...{ key: `test-${now}-${Math.trunc(performance.now() * 1000)}`, hypothesis: 'Better.' },
    modelId: lab.production().model.id,
    variants: versions.map((modelVersionId, at): Variant => ({
      ...{ key: `arm-${at}`, weight: 1, control: at === 0, payload: {} },
      modelVersionId,
    })),
    ...{ trafficShare: 1, holdoutShare: 0, primaryMetric: 'accuracy', guardrails: [] },
    ...{ lowerIsBetter: [], minimumUsers: 10, prePeriodDays: 0 },
    ...{ startsAt: new Date(now - DAY_MS), endsAt: new Date(now + DAY_MS) },
    ...{ createdAt: new Date(now), createdBy: 'test' },
    ...change,
  });
  if (!created) throw new Error('the key is taken');
  await move(lab, created.id, 'RUNNING');
  await server.experiments.running.refresh();
  return { ...created, status: 'RUNNING' };
}

/** Stops whatever runs. */
export async function stopExperiments(lab: ServingLab, server: ArmServer): Promise<void> {
  await move(lab, null, 'STOPPED');
  await server.experiments.running.refresh();
}

async function move(lab: ServingLab, id: string | null, to: string): Promise<void> {
  await lab.database.db.query(
    `update experiment set status = $2::experiment_status where $1::uuid is null or id = $1`,
    [id, to],
  );
}
