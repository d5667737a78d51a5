import 'reflect-metadata';
import { createHash, randomUUID } from 'node:crypto';
import {
  execute,
  parse,
  subscribe,
  validate,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { auditStore } from '../../src/access/audit.store.js';
import { composeSegmentLive, segmentFilters } from '../../src/compose-segment-live.js';
import { composeIngest } from '../../src/compose-data.js';
import { composeFeatureReading } from '../../src/compose-models.js';
import { perRequest, type RequestContext, type RoleName } from '../../src/graphql/context.js';
import { systemClock, type Clock } from '../../src/kernel/clock.js';
import { count, withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import type { ModelVersion } from '../../src/model/model.js';
import type { Serving } from '../../src/model/serving.js';
import { inputsOf } from '../../src/model/model-inputs.js';
import type { Memberships } from '../../src/numeric/clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import type { Bus } from '../../src/plant/ports.js';
import { buildGraph } from '../../src/schema.js';
import type { Assign } from '../../src/segment/live/assess-users.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import type { SegmentServing, ServedSegmentation } from '../../src/segment/segmentation.js';
import type { Quadrant } from '../../src/segment/segment.js';
import { segmentNode, segmentationNode } from '../../src/segment/segment-nodes.js';
import { SegmentationType } from '../../src/segment/segment.type.js';
import { Arg, Query, Resolver } from 'type-graphql';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { userStore } from '../../src/user/user.store.js';
import { testDatabase, type TestDatabase } from './database.js';
import { fillShop } from './demo-shop.js';
import type { Answer } from './graph.js';
import { memoryBus } from './memory-bus.js';
import { keptLog, type KeptLog } from './quiet-log.js';

/** What the segmentation of the lab is made from. */
const FEATURES = ['purchase_count', 'days_since_last_activity'];

/** A version that groups by the number of purchases: borders between the keys, ascending. */
export interface BorderVersion {
  keys: readonly string[];
  borders: readonly number[];
}

export const QUADRANT_OF: Record<string, Quadrant> = {
  rare: 'WATCH',
  some: 'RAISE_VALUE',
  many: 'KEEP',
  most: 'KEEP',
};

export const THREE: BorderVersion = { keys: ['rare', 'some', 'many'], borders: [2, 6] };

/** What the graph of a border version would say: by the first input alone; NaN is the lowest. */
export function byBorders({ borders, keys }: BorderVersion): (table: FeatureTable) => Memberships {
  return (table) => {
    const segments = keys.length;
    const segment = new Int32Array(table.rows);
    const probability = new Float64Array(table.rows * segments);
    const distance = new Float64Array(table.rows * segments);
    for (let row = 0; row < table.rows; row += 1) {
      const value = table.numeric[row * table.numericNames.length] ?? NaN;
      const own = borders.filter((border) => value >= border).length;
      segment[row] = own;
      for (let k = 0; k < segments; k += 1) {
        probability[row * segments + k] = k === own ? 0.8 : 0.2 / (segments - 1);
        distance[row * segments + k] = Math.abs(k - own) + 0.5;
      }
    }
    return { segments, segment, probability, distance };
  };
}

/** A graph of customers and segments on a database of its own, with a segmentation `persona` made by hand. */
export interface SegmentLab {
  database: TestDatabase;
  clock: Clock;
  bus: Bus;
  log: KeptLog;
  modelId: string;
  users: number[];
  /** Makes a version live: in the database, and in all processes of the lab. */
  goLive(version: BorderVersion): Promise<ServedSegmentation>;
  live(): ServedSegmentation;
  serving: SegmentServing;
  /** What the graphs say; counts its runs. */
  assign: Assign;
  /** A process: a composition and a graph of its own on the shared bus. */
  process(change?: {
    assign?: Assign;
    models?: Pick<Serving, 'current'>;
    bus?: Bus;
  }): SegmentProcess;
  close(): Promise<void>;
}

export interface SegmentProcess {
  live: ReturnType<typeof composeSegmentLive>;
  schema: GraphQLSchema;
  recordEvents: ReturnType<typeof composeIngest>['recordEvents'];
  ask(
    document: string,
    variables?: Record<string, unknown>,
    role?: RoleName,
  ): Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }>;
  follow(document: string, role?: RoleName): Promise<AsyncIterableIterator<ExecutionResult>>;
}

/** Gives the version that is live: the resolver of the real graph is not the subject here. */
@Resolver(() => SegmentationType)
class LiveSegmentationResolver {
  constructor(private readonly serving: SegmentServing) {}

  @Query(() => SegmentationType, { nullable: true, description: 'The live version.' })
  liveSegmentation(
    @Arg('key', () => String, { defaultValue: 'persona', description: 'Key.' }) key: string,
  ) {
    const served = this.serving.current(key);
    return served && segmentationNode(served.model, served.version);
  }
}

export async function openSegmentLab(
  customers: number,
  options: { clock?: Clock; bus?: Bus } = {},
): Promise<SegmentLab> {
  const clock = options.clock ?? systemClock();
  const bus = options.bus ?? memoryBus();
  const database = await testDatabase();
  const { db } = database;
  const log = keptLog();
  await fillShop(db, clock, customers);
  const features = composeFeatureReading(db);
  const registry = await features.store.all();
  const inputs = FEATURES.map((name) => {
    const feature = registry.find((each) => each.name === name);
    if (!feature) throw new Error(`no feature ${name}`);
    return feature;
  });
  const model = {
    id: randomUUID(),
    name: 'persona',
    description: 'by purchases',
    spec: segmentationSpec.parse({
      name: 'persona',
      task: 'CLUSTERING',
      description: 'by purchases',
      features: FEATURES.map((name) => ({ name })),
      algorithms: ['kmeans'],
    }),
    createdAt: clock.wall(),
  };
  await db.query(
    `insert into model (id, name, task, description, spec, created_at) values ($1, $2, 'CLUSTERING', $3, $4, $5)`,
    [model.id, model.name, model.description, JSON.stringify(model.spec), model.createdAt],
  );
  const graphs = new Map<string, (table: FeatureTable) => Memberships>();
  const versions = new Map<string, ServedSegmentation>();
  let current: ServedSegmentation | null = null;
  const serving: SegmentServing = {
    current: (key) => (key === 'persona' ? current : null),
    all: () => (current ? [current] : []),
    use: (id, work) => {
      const served = versions.get(id);
      if (!served) throw new Error(`no version ${id}`);
      return work(served);
    },
    onSwitch: () => undefined,
    refresh: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const assign: Assign = (sha256, table) => {
    count('onnxRuns');
    count('onnxRows', table.rows);
    const graph = graphs.get(sha256);
    if (!graph) throw new Error(`no artifact ${sha256}`);
    return Promise.resolve(graph(table));
  };
  const processes: SegmentProcess[] = [];

  const goLive = async (wanted: BorderVersion): Promise<ServedSegmentation> => {
    const bytes = Buffer.from(JSON.stringify(wanted));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    graphs.set(sha256, byBorders(wanted));
    await db.query(
      `insert into artifact (sha256, bytes, opset, created_at) values ($1, $2, 21, now()) on conflict do nothing`,
      [sha256, bytes],
    );
    await db.query(
      `update model_version set stage = 'ARCHIVED' where model_id = $1 and stage = 'PRODUCTION'`,
      [model.id],
    );
    const report = { segmentation: reportOf(wanted) };
    const [row] = await db.query<ModelVersion>(
      `insert into model_version (id, model_id, version, stage, algorithm, hyperparameters, seed, feature_names,
         training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
       values ($1, $2, $3, 'PRODUCTION', 'kmeans', '{}', 1, $4, 1, 0, '', $5, $6, now())
       returning id, model_id as "modelId", version, stage::text as stage, algorithm, report, artifact_sha256 as "artifactSha256",
         trained_at as "trainedAt"`,
      [randomUUID(), model.id, versions.size + 1, FEATURES, JSON.stringify(report), sha256],
    );
    if (!row) throw new Error('not inserted');
    const parsed = segmentationNode(model, row).report;
    current = {
      model,
      version: row,
      report: parsed,
      clusterer: null as never,
      inputs: inputsOf(inputs),
      features: inputs,
    };
    versions.set(row.id, current);
    return current;
  };

  const open: SegmentLab['process'] = (change = {}) => {
    const store = userStore(
      db,
      auditStore,
      segmentFilters(() => serving),
    );
    const users = userLoaders(store);
    const live = composeSegmentLive({
      plant: { db, bus: change.bus ?? bus, clock, log },
      assign: change.assign ?? assign,
      readFeatures: features.read,
      users,
      serving,
      segmentationByKey: (key) => Promise.resolve(key === 'persona' ? model : null),
      segmentOf: (_, { modelVersionId, key }) => {
        const served = versions.get(modelVersionId);
        return Promise.resolve(
          served ? segmentNode(segmentationNode(served.model, served.version), key) : null,
        );
      },
      explain: (_, table) =>
        Array.from({ length: table.rows }, () =>
          FEATURES.map((feature, at) => ({ feature, contribution: 1 - at, insteadOf: 'rare' })),
        ),
      registry: perRequest(() => features.store.all()),
      models: change.models ?? { current: () => null },
    });
    const ingest = composeIngest(db, clock, { onEvents: live.customersChanged });
    const schema = buildGraph({
      resolvers: [
        new UserResolver({
          users: store,
          loaders: users,
          upsertUsers: ingest.upsertUsers,
          setConsent: () => Promise.resolve(null),
        }),
        new UserConnectionResolver(),
        new LiveSegmentationResolver(serving),
        ...live.resolvers,
      ],
      feeds: live.feeds,
    });
    const process = { live, schema, recordEvents: ingest.recordEvents, ...asking(schema, clock) };
    processes.push(process);
    return process;
  };

  const rows = await db.query<{ id: number }>('select id from customer order by id');
  return {
    database,
    clock,
    bus,
    log,
    modelId: model.id,
    users: rows.map(({ id }) => id),
    goLive,
    live: () => {
      if (!current) throw new Error('nothing is live');
      return current;
    },
    serving,
    assign,
    process: open,
    close: async () => {
      for (const { live } of processes) await live.close();
      await bus.close();
      await database.drop();
    },
  };
}

/** Asks a schema without HTTP. */
export function asking(
  schema: GraphQLSchema,
  clock: Clock,
): Pick<SegmentProcess, 'ask' | 'follow'> {
  const contextOf = (role: RoleName, counts: Counts): RequestContext => ({
    viewer: { id: 'test', name: 'test', role },
    requestId: 'test',
    signal: new AbortController().signal,
    clock,
    counts,
    loaderKey: {},
  });
  const checked = (text: string) => {
    const document = parse(text);
    const [problem] = validate(schema, document);
    if (problem) throw problem;
    return document;
  };
  return {
    async ask(text, variableValues = {}, role = 'ADMIN') {
      const counts = zeroCounts();
      const document = checked(text);
      const contextValue = contextOf(role, counts);
      const { data, errors } = await withCounts(counts, async () =>
        execute({ schema, document, variableValues, contextValue }),
      );
      return { data, errors, counts };
    },
    async follow(text, role = 'ADMIN') {
      const contextValue = contextOf(role, zeroCounts());
      const result = await subscribe({ schema, document: checked(text), contextValue });
      if (!(Symbol.asyncIterator in result)) throw result.errors?.[0] ?? new Error('no stream');
      return result as AsyncIterableIterator<ExecutionResult>;
    },
  };
}

/** The report of a segmentation that nobody fitted. */
export function reportOf(
  { keys }: Pick<BorderVersion, 'keys'>,
  features: readonly string[] = FEATURES,
): object {
  return {
    rows: 1,
    k: keys.length,
    candidates: [],
    chosenBecause: 'made by hand',
    choose: 'silhouette',
    stability: { runs: 0, sampleShare: 0.8, mean: 1, standardDeviation: 0 },
    featureImportance: [],
    explainedVariance: [],
    diversity: 0,
    external: null,
    identity: [],
    segments: keys.map((key, number) => ({
      number,
      key,
      size: 0,
      share: 0,
      features: [],
      mixes: [],
      persona: { labels: [], value: 1, activity: 1, quadrant: QUADRANT_OF[key] ?? 'WATCH' },
      center: [],
    })),
    treatments: [],
    recipe: {
      asOf: '2026-01-01T00:00:00.000Z',
      seed: 1,
      algorithms: ['kmeans'],
      minK: 2,
      maxK: 3,
      features: features.map((name) => `${name}@1`),
      spec: {},
    },
    parity: { rows: 0, worstDifference: 0 },
    seconds: 0,
  };
}
