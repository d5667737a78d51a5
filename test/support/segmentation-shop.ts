import { startWorker } from '../../jobs/compose.js';
import { auditStore } from '../../src/access/audit.store.js';
import { composeIngest } from '../../src/compose-data.js';
import { featureStore } from '../../src/feature/feature.store.js';
import {
  registerAttributeFeatures,
  type ObservedAttribute,
} from '../../src/feature/register-attribute-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import { inputTable } from '../../src/model/model-inputs.js';
import { pinnedFeatures } from '../../src/model/model-features.js';
import { composeFeatureReading } from '../../src/compose-models.js';
import type { Clock } from '../../src/kernel/clock.js';
import { clustererInputs } from '../../src/numeric/clusterer.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { readConfig } from '../../src/plant/env.js';
import { segmentationReport, type SegmentationReport } from '../../src/segment/segmentation.js';
import { openGraph, type Answer, type TestGraph } from './graph.js';
import { testDatabase, type TestDatabase } from './database.js';
import { keptLog } from './quiet-log.js';

/** A version as its row has it. */
export interface StoredVersion {
  id: string;
  version: number;
  stage: string;
  artifactSha256: string;
  report: SegmentationReport;
}

/** How a SEGMENT job ended. */
export interface EndedJob {
  id: string;
  status: string;
  error: string | null;
  /** Whatever was asked of the Segmentation. */
  result: Answer;
}

type Attributes = Record<string, string | number | boolean | null>;

/** The graph and a worker on a database of their own: segmentations are run as in an installation. */
export interface SegmentationShop {
  database: TestDatabase;
  graph: TestGraph;
  /** Writes profiles by key, past the graph. */
  customers(rows: Readonly<Record<string, Attributes>>): Promise<void>;
  /** Asks for a run and waits for its end; `refused` where it was not taken. */
  run(
    input: Record<string, unknown>,
    selection?: string,
  ): Promise<{
    job: EndedJob | null;
    refused: { code: string; message: string; path: string[] }[];
  }>;
  /** Versions of a key, the first first. */
  versions(key: string): Promise<StoredVersion[]>;
  /** Segment of each customer now, by the customer's key. */
  memberships(key: string): Promise<Map<string, string>>;
  /** What our own predictor says of everybody, from the version's artifact and the features as of now. */
  predicted(key: string, version: number): Promise<Map<string, string>>;
  close(): Promise<void>;
}

/** @param attributes become approved features of their snake_case names; `prepare` fills the database before anybody looks */
export async function openSegmentationShop(
  clock: Clock,
  attributes: readonly Pick<ObservedAttribute, 'name' | 'type'>[],
  prepare: (database: TestDatabase) => Promise<void> = () => Promise.resolve(),
): Promise<SegmentationShop> {
  const database = await testDatabase();
  const { db, url } = database;
  await prepare(database);
  const store = featureStore(db, auditStore);
  const register = registerFeature({
    registry: () => store.all(),
    insert: (...row) => store.insert(...row),
    wall: () => clock.wall(),
  });
  const observed = attributes.map((each) => ({ ...each, distinct: 2, rows: 100 }));
  await registerAttributeFeatures({ registry: () => store.all(), register })(observed, 'test');
  const graph = await openGraph(url, clock);
  const config = readConfig({});
  const log = keptLog();
  const worker = await startWorker({ databaseUrl: url, redisUrl: null, log, config, clock });
  const ingest = composeIngest(db, clock);

  const ended = async (id: string, selection: string): Promise<EndedJob> => {
    const question = `query ($id: ID!) { job(id: $id) { id status error result { ... on Segmentation { ${selection} } } } }`;
    for (let i = 0; i < 1_000; i += 1) {
      const { data, errors } = await graph.ask(question, { id });
      if (errors?.[0]) throw errors[0];
      if (['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(data.job.status)) return data.job;
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    throw new Error(`job ${id} did not end in a minute`);
  };
  const versions: SegmentationShop['versions'] = async (key) => {
    const rows = await db.query<Omit<StoredVersion, 'report'> & { report: Answer }>(
      `select v.id, v.version, v.stage::text as stage, v.artifact_sha256 as "artifactSha256",
         v.report->'segmentation' as report
       from model_version v join model m on m.id = v.model_id where m.name = $1 order by v.version`,
      [key],
    );
    return rows.map((row) => ({ ...row, report: segmentationReport.parse(row.report) }));
  };
  return {
    database,
    graph,
    customers: async (rows) => {
      const { rejected } = await ingest.upsertUsers(
        Object.entries(rows).map(([externalId, values]) => ({ externalId, attributes: values })),
      );
      if (rejected[0]) throw new Error(rejected[0].message);
    },
    run: async (input, selection = 'version') => {
      const { data, errors } = await graph.ask(
        `mutation ($input: RunSegmentationInput!) {
          runSegmentation(input: $input) { job { id } userErrors { code message path } } }`,
        { input },
      );
      if (errors?.[0]) throw errors[0];
      const { job, userErrors } = data.runSegmentation;
      return { job: job && (await ended(job.id, selection)), refused: userErrors };
    },
    versions,
    memberships: async (key) => {
      const rows = await db.query<{ user: string; segment: string }>(
        `select c.external_id as user, s.segment_key as segment from segment_membership s
         join customer c on c.id = s.user_id join model m on m.id = s.model_id
         where m.name = $1 and s.until is null`,
        [key],
      );
      return new Map(rows.map(({ user, segment }) => [user, segment]));
    },
    predicted: async (key, number) => {
      const version = (await versions(key)).find((each) => each.version === number);
      if (!version) throw new Error(`no version ${number} of ${key}`);
      return predictedBy(database, clock, version);
    },
    close: async () => {
      await worker.close();
      await graph.close();
      await database.drop();
    },
  };
}

async function predictedBy(
  { db }: TestDatabase,
  clock: Clock,
  { artifactSha256, report }: StoredVersion,
): Promise<Map<string, string>> {
  const [artifact] = await db.query<{ bytes: Buffer }>(
    'select bytes from artifact where sha256 = $1',
    [artifactSha256],
  );
  const clusterer = readClusterer(artifact?.bytes ?? new Uint8Array());
  if (!clusterer) throw new Error('the artifact holds no clusterer');
  const reading = composeFeatureReading(db);
  const inputs = clustererInputs(clusterer);
  const names = [...inputs.numericNames, ...inputs.categoricalNames];
  const features = pinnedFeatures(await reading.store.all(), names, report.recipe.features);
  const people = await db.query<{ id: number; key: string }>(
    'select id, external_id as key from customer where consent_profiling order by id',
  );
  const rows = await reading.read({
    features,
    users: people.map(({ id }) => id),
    asOf: clock.now(),
  });
  const table = inputTable(rows, inputs);
  const { segment } = predictClusterer(clusterer, table);
  const keyOf = new Map(report.segments.map(({ number, key }) => [number, key]));
  const width = inputs.numericNames.length;
  const high = inputs.categoricalNames.length;
  return new Map(
    people.flatMap(({ key }, row): [string, string][] => {
      const known =
        table.numeric.subarray(row * width, (row + 1) * width).some((value) => !isNaN(value)) ||
        table.categorical.slice(row * high, (row + 1) * high).some((value) => value !== '');
      return known ? [[key, keyOf.get(segment[row] ?? -1) ?? '']] : [];
    }),
  );
}

/** Waits until something is so. */
export async function eventually(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain: ${what}`);
}
