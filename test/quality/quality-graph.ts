import 'reflect-metadata';
import { execute, parse, subscribe, type ExecutionResult } from 'graphql';
import { composeQualityRoom } from '../../src/compose-quality.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import type { Job } from '../../src/job/job.js';
import type { Clock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { labelStore } from '../../src/model/label.store.js';
import type { Model } from '../../src/model/model.js';
import { buildGraph } from '../../src/schema.js';
import type { Database } from '../../src/plant/ports.js';
import type { FeatureFixture } from '../support/feature-fixture.js';
import { memoryBus } from '../support/memory-bus.js';
import { keptLog } from '../support/quiet-log.js';
import type { Answer } from '../support/graph.js';

/** The quality room alone, on a database; jobs are kept, not run. */
export function qualityGraph(db: Database, clock: Clock, fixture: FeatureFixture, models: Model[]) {
  const bus = memoryBus();
  const submitted: { kind: string; input: object; createdBy: string }[] = [];
  const labels = labelStore(db);
  const room = composeQualityRoom({
    db,
    bus,
    clock,
    log: keptLog(),
    submitJob: (kind, input, createdBy) => {
      submitted.push({ kind, input, createdBy });
      return Promise.resolve({ id: '0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa', kind } as Job);
    },
    features: {
      approvedFeatures: async () =>
        (await fixture.features.all()).filter(({ status }) => status === 'APPROVED'),
      sampleUsers: fixture.features.sampleUsers,
      readFeatures: fixture.read,
    },
    models: {
      models: () => Promise.resolve(models),
      modelByName: (name) => Promise.resolve(models.find((model) => model.name === name) ?? null),
      behaviourLabels: labels.behaviour,
      outcomeLabels: labels.outcomes,
    },
  });
  const schema = buildGraph(room);
  const contextOf = (role: RoleName, signal: AbortSignal): RequestContext => ({
    viewer: { id: 'test', name: `${role} key`, role },
    requestId: 'test',
    signal,
    clock,
    counts: zeroCounts(),
    loaderKey: {},
  });
  return {
    ...room,
    bus,
    schema,
    submitted,
    async ask(
      document: string,
      variableValues: Record<string, unknown> = {},
      role: RoleName = 'ADMIN',
      signal = new AbortController().signal,
    ): Promise<{ data: Answer; errors: ExecutionResult['errors']; sql: number }> {
      const counts = zeroCounts();
      const contextValue = contextOf(role, signal);
      const { data, errors } = await withCounts(counts, async () =>
        execute({ schema, document: parse(document), variableValues, contextValue }),
      );
      return { data, errors, sql: counts.sql };
    },
    async follow(document: string, role: RoleName = 'ADMIN') {
      const contextValue = contextOf(role, new AbortController().signal);
      return subscribe({ schema, document: parse(document), contextValue });
    },
  };
}
