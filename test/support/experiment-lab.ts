import { execute, parse, validate, type ExecutionResult } from 'graphql';
import {
  composeExperimentServing,
  type ExperimentServing,
} from '../../src/compose-experiment-serving.js';
import { composeExperimentRoom } from '../../src/compose-experiments.js';
import { assignmentDimension } from '../../src/experiment/assignment-groups.js';
import type { Experiment } from '../../src/experiment/experiment.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import type { ManualClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import { modelLoaders } from '../../src/model/version-loaders.js';
import type { Bus, Database } from '../../src/plant/ports.js';
import { buildGraph } from '../../src/schema.js';
import { setConsent } from '../../src/user/set-consent.js';
import { UserGroupsResolver } from '../../src/user/user-groups.resolver.js';
import { readUserGroups } from '../../src/user/user-groups.store.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import type { Answer } from './graph.js';
import { keptLog } from './quiet-log.js';
import { registryGraph } from './registry-graph.js';

/** Experiments of one process on a test database, asked without HTTP. */
export async function experimentLab(db: Database, bus: Bus, clock: ManualClock) {
  const registry = registryGraph(db, bus, clock);
  const log = keptLog();
  const serving: ExperimentServing = await composeExperimentServing({ db, bus, log });
  const { models, users } = registry;
  const room = composeExperimentRoom({
    ...{ clock, serving, models },
    modelsOf: modelLoaders({
      modelsByIds: models.registeredByIds,
      versionsByIds: models.versionsByIds,
      inStage: models.inStage,
      artifactInfos: models.artifactInfos,
    }),
  });
  const schema = buildGraph({
    resolvers: [
      new UserResolver({
        users,
        loaders: userLoaders(users),
        upsertUsers: registry.upsert,
        setConsent: setConsent({ setConsent: users.setConsent, wall: () => clock.wall() }),
      }),
      new UserConnectionResolver(),
      new UserGroupsResolver({
        readGroups: readUserGroups(db, assignmentDimension(serving.running)),
      }),
      ...room.resolvers,
    ],
    feeds: {},
  });
  return {
    ...registry,
    serving,
    log,
    schema,
    async ask(
      text: string,
      variableValues: Record<string, unknown> = {},
      role: RoleName = 'ADMIN',
    ): Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }> {
      const counts = zeroCounts();
      const contextValue: RequestContext = {
        viewer: { id: 'key', name: `${role.toLowerCase()} key`, role },
        ...{ requestId: 'test', signal: new AbortController().signal },
        ...{ clock, counts, loaderKey: {} },
      };
      const document = parse(text);
      const [problem] = validate(schema, document);
      if (problem) throw problem;
      const { data, errors } = await withCounts(counts, async () =>
        execute({ schema, document, variableValues, contextValue }),
      );
      return { data, errors, counts };
    },
    async close(): Promise<void> {
      await serving.close();
      await registry.close();
    },
  };
}

export type ExperimentLab = Awaited<ReturnType<typeof experimentLab>>;

type Change = Record<string, unknown>;

/** What is asked of an experiment after each mutation. */
export const EXPERIMENT = `id key hypothesis status model { name } variants { id key weight control modelVersion { id } payload users }
  trafficShare holdoutShare primaryMetric guardrails lowerIsBetter minimumUsers prePeriodDays startsAt endsAt startedAt
  stoppedAt concludedAt winner { key } createdBy`;
const PAYLOAD = `{ experiment { ${EXPERIMENT} } userErrors { code message path } }`;

const input = (change: Change): Change => ({
  ...{ key: 'winback', hypothesis: 'An offer brings customers back.' },
  variants: [
    { key: 'control', weight: 1 },
    { key: 'offer', weight: 1, payload: { discount: 0.1 } },
  ],
  primaryMetric: 'share:purchase',
  ...{ startsAt: '2026-03-01T00:00:00Z', endsAt: '2026-04-01T00:00:00Z' },
  ...change,
});

/** The mutations of experiments, as an ADMIN makes them; `winback` unless told otherwise. */
export function experimentMutations(lab: () => ExperimentLab) {
  const change = async (text: string, variables: Change) => {
    const { data, errors } = await lab().ask(text, variables);
    if (errors) throw errors[0] ?? new Error('failed');
    const [payload] = Object.values(
      data as Record<string, { experiment: Change | null; userErrors: Change[] }>,
    );
    return payload;
  };
  const create = (given: Change = {}) =>
    change(
      `mutation ($input: CreateExperimentInput!) { createExperiment(input: $input) ${PAYLOAD} }`,
      { input: input(given) },
    );
  const move = (what: 'start' | 'stop' | 'conclude', key = 'winback', rest = '') =>
    change(`mutation ($key: String!) { ${what}Experiment(key: $key${rest}) ${PAYLOAD} }`, { key });
  return {
    create,
    move,
    /** Writes one down and starts it. */
    async running(given: Change & { key?: string } = {}): Promise<Experiment> {
      const { key = 'winback' } = given;
      const created = await create(given);
      const started = await move('start', key);
      const [error] = [...(created?.userErrors ?? []), ...(started?.userErrors ?? [])];
      const experiment = await lab().serving.store.byKey(key);
      if (error || !experiment) throw new Error(JSON.stringify(error));
      return experiment;
    },
  };
}
