import { randomUUID } from 'node:crypto';
import { execute, parse, subscribe, type ExecutionResult } from 'graphql';
import { auditStore } from '../../src/access/audit.store.js';
import { composeFeatureRoom } from '../../src/compose-features.js';
import { openFeatureRegistry } from '../../src/compose-registry.js';
import type { FeatureStatus } from '../../src/feature/feature.js';
import { featureReader, lockedRegistry } from '../../src/feature/feature.store.js';
import { readFeatures } from '../../src/feature/read-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import { jobStore } from '../../src/job/job.store.js';
import type { Clock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import { FeatureUsedByResolver } from '../../src/model/feature-used-by.resolver.js';
import { modelStore } from '../../src/model/model.store.js';
import {
  promoteVersion,
  rollBackModel,
  type MoveVersionDeps,
} from '../../src/model/move-version.js';
import type { Bus, Database } from '../../src/plant/ports.js';
import { buildGraph } from '../../src/schema.js';
import { setConsent } from '../../src/user/set-consent.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import { eventFixture } from './event-fixture.js';
import type { Answer } from './graph.js';
import { churnSpec } from './demo-shop.js';
import { keptLog } from './quiet-log.js';

export type Change = Record<string, unknown>;

/** Definition: purchases in the last days. */
export const purchases = (windowDays: number): Change => ({
  ...{ kind: 'events', aggregate: 'count', types: ['purchase'], windowDays },
});

/** Users, features and models of one process on a test database, asked without HTTP. */
export function registryGraph(db: Database, bus: Bus, clock: Clock) {
  const log = keptLog();
  const wall = (): Date => clock.wall();
  const data = eventFixture(db, clock);
  const registry = openFeatureRegistry({ db, bus, log });
  const models = modelStore(db, clock, auditStore, lockedRegistry);
  const read = readFeatures({ run: featureReader(db), typeIds: data.types.idsOf });
  const jobs = jobStore(db, clock);
  const register = registerFeature({
    registry: registry.store.all,
    insert: registry.store.insert,
    wall,
  });
  const room = composeFeatureRoom({
    plant: { db, bus, clock },
    audit: auditStore(db),
    registry,
    readFeatures: read,
    registerFeature: register,
    submitJob: (kind, input, createdBy) => jobs.create({ kind, input, createdBy }),
    models: { modelByName: models.byName, allVersions: models.allVersions },
  });
  const loaders = userLoaders(data.users);
  const schema = buildGraph({
    resolvers: [
      new UserResolver({
        users: data.users,
        loaders,
        upsertUsers: data.upsert,
        setConsent: setConsent({ setConsent: data.users.setConsent, wall }),
      }),
      new UserConnectionResolver(),
      ...room.resolvers,
      new FeatureUsedByResolver({ versionsUsing: models.usingFeatures }),
    ],
    feeds: room.feeds,
  });
  const moving: MoveVersionDeps = {
    modelByName: models.byName,
    versionById: async (id) => (await models.versionsByIds([id]))[0] ?? null,
    allVersions: models.allVersions,
    move: models.move,
    publishModel: () => undefined,
    tryOut: () => Promise.resolve(),
  };
  const ask = async (
    text: string,
    variableValues: Record<string, unknown> = {},
    role: RoleName = 'ADMIN',
  ): Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }> => {
    const contextValue = contextOf(role);
    const document = parse(text);
    const { data: answer, errors } = await withCounts(contextValue.counts, async () =>
      execute({ schema, document, variableValues, contextValue }),
    );
    return { data: answer, errors, counts: contextValue.counts };
  };
  const contextOf = (role: RoleName): RequestContext => ({
    viewer: { id: 'key', name: `${role.toLowerCase()} key`, role },
    ...{ requestId: 'test', signal: new AbortController().signal },
    ...{ clock, counts: zeroCounts(), loaderKey: {} },
  });
  return {
    ...data,
    db,
    registry,
    read,
    register,
    models,
    promote: (versionId: string, stage: 'PRODUCTION' | 'SHADOW' = 'PRODUCTION') =>
      promoteVersion(moving, { versionId, stage, actor: 'test', comment: null }),
    rollBack: (model: string) => rollBackModel(moving, { model, actor: 'test' }),
    /** Registers the next version of a model (made on first use) that takes the features, `name@version`. */
    addVersion: async (name: string, keys: readonly string[]): Promise<string> => {
      const model = await models.ensure(churnSpec({ name }));
      const { id } = await models.registerVersion(newVersion(model.id, keys, clock.wall()));
      return id;
    },
    /** Registers the next version of a feature in the status; answers `name@version`. */
    addFeature: async (
      name: string,
      status: FeatureStatus = 'APPROVED',
      change: Change = {},
    ): Promise<string> => {
      const given = {
        ...{ name, description: `${name} of a test`, type: 'NUMERICAL' as const, unit: 'count' },
        ...{ owner: 'crm', tags: ['test'], definition: purchases(30), ...change },
      };
      const { feature, errors } = await register(given, 'seed', status);
      if (!feature) throw new Error(errors.map(({ message }) => message).join());
      return `${name}@${feature.version}`;
    },
    ask,
    /** Asks one mutation; answers its user errors. */
    refused: async (
      text: string,
      variables: Change,
    ): Promise<{ code: string; message: string; path: string[] }[]> => {
      const { data: answer, errors } = await ask(text, variables);
      if (errors) throw errors[0] ?? new Error('failed');
      return Object.values(answer as Record<string, { userErrors: [] }>)[0]?.userErrors ?? [];
    },
    async follow(text: string): Promise<AsyncIterableIterator<ExecutionResult>> {
      const feed = await subscribe({
        schema,
        document: parse(text),
        contextValue: contextOf('ADMIN'),
      });
      if (!(Symbol.asyncIterator in feed)) throw feed.errors?.[0] ?? new Error('no stream');
      return feed as AsyncIterableIterator<ExecutionResult>;
    },
    close: () => registry.close(),
  };
}

export type RegistryGraph = ReturnType<typeof registryGraph>;

function newVersion(modelId: string, keys: readonly string[], trainedAt: Date) {
  const features = [...keys];
  const report = {
    ...{ metrics: [], confusionMatrix: null, rocCurve: [], precisionRecallCurve: [] },
    ...{ calibrationCurve: [], importances: [], trials: [], baseline: [], targets: [] },
    ...{ ignoredFeatures: [], seconds: 0, parity: { rows: 0, worstDifference: 0 } },
    recipe: {
      ...{ label: 'BEHAVIOUR', asOf: '2026-01-01', horizonDays: 30, algorithms: ['logistic'] },
      ...{ trials: 1, folds: 5, seed: 1, selectionMetric: 'auc', features },
    },
  };
  return {
    ...{ modelId, algorithm: 'logistic', hyperparameters: {}, seed: 1, threshold: 0.5, report },
    ...{ trainingRows: 1, testRows: 1, dataFrom: null, dataUntil: null, dataHash: '', trainedAt },
    featureNames: keys.map((key) => key.split('@')[0] ?? key),
    artifact: { sha256: randomUUID(), bytes: new Uint8Array(), opset: 21 },
    jobId: null,
  };
}
