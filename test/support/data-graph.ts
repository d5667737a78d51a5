import 'reflect-metadata';
import { graphql, printSchema, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { eventsLoader } from '../../src/event/events-loader.js';
import { EventResolver, UserEventsResolver } from '../../src/event/event.resolver.js';
import { featureLoaders } from '../../src/feature/feature-loaders.js';
import { FeatureResolver, UserFeaturesResolver } from '../../src/feature/feature.resolver.js';
import { moveFeature } from '../../src/feature/move-feature.js';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import type { Clock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import { setConsent } from '../../src/user/set-consent.js';
import { userLoaders } from '../../src/user/user-loaders.js';
import { UserConnectionResolver, UserResolver } from '../../src/user/user.resolver.js';
import type { FeatureFixture } from './feature-fixture.js';

/** A graph of the data rooms alone. */
export interface DataGraph {
  schema: GraphQLSchema;
  sdl: string;
  /** Runs one operation as a role; counts what it caused. */
  ask: (
    source: string,
    variables?: Record<string, unknown>,
    role?: RoleName,
  ) => Promise<ExecutionResult<Record<string, never>> & { counts: Counts }>;
}

/** Builds the schema of user, event and feature on the fixture's stores. */
export function dataGraph(fixture: FeatureFixture, clock: Clock): DataGraph {
  const loaders = userLoaders(fixture.users);
  const features = featureLoaders({
    store: fixture.features,
    recent: fixture.features.all,
    readFeatures: fixture.read,
    auditBySubjects: (subjects) => fixture.audit.bySubjects(subjects),
  });
  const wall = (): Date => clock.wall();
  const instances = new Map<unknown, object>([
    [
      UserResolver,
      new UserResolver({
        users: fixture.users,
        loaders,
        upsertUsers: fixture.upsert,
        setConsent: setConsent({
          setConsent: fixture.users.setConsent,
          wall,
        }),
      }),
    ],
    [UserConnectionResolver, new UserConnectionResolver()],
    [EventResolver, new EventResolver({ recordEvents: fixture.record, users: loaders })],
    [
      UserEventsResolver,
      new UserEventsResolver({
        events: eventsLoader(fixture.events),
        knownTypeIds: fixture.types.knownIdsOf,
      }),
    ],
    [
      FeatureResolver,
      new FeatureResolver({
        loaders: features,
        registerFeature: fixture.register,
        moveFeature: moveFeature({ move: fixture.features.move, wall }),
      }),
    ],
    [UserFeaturesResolver, new UserFeaturesResolver({ loaders: features })],
  ]);
  const schema = buildSchemaSync({
    resolvers: [...instances.keys()] as unknown as NonEmptyArray<() => unknown>,
    container: { get: (type) => instances.get(type) },
    validate: false,
  });
  return {
    schema,
    sdl: printSchema(schema),
    async ask(source, variables = {}, role = 'ADMIN') {
      const counts = zeroCounts();
      const context: RequestContext = {
        viewer: { id: 'key', name: `${role.toLowerCase()} key`, role },
        requestId: 'test',
        signal: new AbortController().signal,
        clock,
        counts,
        loaderKey: {},
      };
      const result = await withCounts(counts, () =>
        graphql({ schema, source, variableValues: variables, contextValue: context }),
      );
      return { ...(result as ExecutionResult<Record<string, never>>), counts };
    },
  };
}
