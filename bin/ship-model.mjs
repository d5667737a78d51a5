// Trains the model that the program ships, on the demo population and through the product's own path,
// and writes models/churn/{model.onnx,golden.json}. Run it when the start features or the training change:
//   node bin/build.mjs && node bin/ship-model.mjs
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const load = (file) => import(path.join(root, 'dist', file));
const NOW = new Date('2026-07-01T00:00:00.000Z');
const GOLDEN_ROWS = 24;

const { applyMigrations } = await load('prisma/migrate.js');
const { startWorker } = await load('jobs/compose.js');
const { composeFeatureReading, composeJobs, composeModels } = await load('src/compose-models.js');
const { composeIngest, composeRegistry } = await load('src/compose-data.js');
const { auditStore } = await load('src/access/audit.store.js');
const { demoStore } = await load('src/demo/demo.store.js');
const { seedDemo } = await load('src/demo/seed-demo.js');
const { systemClock } = await load('src/kernel/clock.js');
const { inputTable } = await load('src/model/model-inputs.js');
const { parseModelSpec } = await load('src/model/model-spec.js');
const { planTraining } = await load('src/model/request-training.js');
const { openPlant } = await load('src/open-plant.js');
const { readConfig } = await load('src/plant/env.js');
const { openInstallation } = await load('src/plant/installation.js');
const { createLog } = await load('src/plant/log.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-ship-'));
fs.chmodSync(folder, 0o755); // the postgres user must be able to enter
const config = readConfig({ AUGURY_DATA_DIR: folder, AUGURY_LOG_LEVEL: 'warn' });
const log = createLog(config);
const clock = systemClock(NOW);
const installation = await openInstallation(config);
const opened = [];
try {
  const { databaseUrl } = installation;
  await applyMigrations(databaseUrl);
  const options = { databaseUrl, redisUrl: null, config, log, clock };
  const plant = await openPlant(options, opened);
  const features = composeFeatureReading(plant.db);
  const ingest = composeIngest(plant.db, clock);
  await composeRegistry(features.store, clock, features.read).seedStartSet();
  await seedDemo({ ...demoStore(plant.db), ...ingest }, { now: clock.now() });

  const models = await composeModels(plant, features.store);
  opened.push(() => models.serving.close());
  const out = path.join(root, 'models', 'churn');
  const spec = parseModelSpec(
    JSON.parse(fs.readFileSync(path.join(out, 'spec.json'), 'utf8')),
    out,
  );
  const model = await models.store.ensure(spec);
  const worker = await startWorker({ ...options, config });
  opened.push(() => worker.close());
  const wish = {
    asOf: null,
    horizonDays: null,
    label: null,
    // trees alone: an answer stays good until an input crosses a threshold, and can be remembered till then
    algorithms: ['boosting'],
    trials: null,
    seed: null,
  };
  const { input } = planTraining(model, { ...wish, promote: 'NO' }, clock.now(), clock.wall());
  const jobs = composeJobs(plant);
  const { id } = await jobs.submit('TRAIN', input, 'augury');
  let job;
  do {
    await new Promise((resolve) => setTimeout(resolve, 200));
    job = await jobs.store.get(id);
  } while (job.status === 'QUEUED' || job.status === 'RUNNING');
  if (job.status !== 'SUCCEEDED') throw new Error(job.error);

  const version = await models.versionById(job.result.modelVersionId);
  const served = await models.serving.version(version.id);
  const users = await features.store.sampleUsers(GOLDEN_ROWS);
  const rows = await features.read({ features: served.features, users, asOf: clock.now() });
  const table = inputTable(rows, served.inputs);
  const { probability } = await models.serving.use(version.id, () =>
    plant.scorer.score(version.artifactSha256, table),
  );
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  const golden = {
    version: {
      algorithm: version.algorithm,
      hyperparameters: version.hyperparameters,
      seed: version.seed,
      numericNames: table.numericNames,
      categoricalNames: table.categoricalNames,
      threshold: version.threshold,
      trainingRows: version.trainingRows,
      testRows: version.testRows,
      dataFrom: version.dataFrom?.toISOString() ?? null,
      dataUntil: version.dataUntil?.toISOString() ?? null,
      dataHash: version.dataHash,
      trainedAt: version.trainedAt.toISOString(),
      report: version.report,
    },
    rows: users.map((_, row) => ({
      numeric: [...table.numeric.subarray(row * width, (row + 1) * width)].map((x) =>
        Number.isNaN(x) ? null : x,
      ),
      categorical: table.categorical.slice(row * textWidth, (row + 1) * textWidth),
      probability: probability[row],
    })),
  };
  const bytes = await models.store.artifactBytes(version.artifactSha256);
  fs.writeFileSync(path.join(out, 'model.onnx'), bytes);
  fs.writeFileSync(path.join(out, 'golden.json'), `${JSON.stringify(golden)}\n`);
  const test = version.report.metrics.filter(({ split }) => split === 'TEST');
  console.log(version.algorithm, version.hyperparameters, `${bytes.length} bytes`);
  console.log(Object.fromEntries(test.map(({ name, value }) => [name, Number(value.toFixed(4))])));
} finally {
  for (const close of opened.reverse()) await close();
  await installation.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
