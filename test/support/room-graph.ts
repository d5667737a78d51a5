import 'reflect-metadata';
import { graphql, printSchema, type ExecutionResult } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import type { RequestContext, RoleName } from '../../src/graphql/context.js';
import { feedPubSub } from '../../src/graphql/feeds.js';
import type { Clock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts, type Counts } from '../../src/kernel/count.js';
import type { Answer } from './graph.js';

/** A graph of a few resolvers. */
export interface RoomGraph {
  sdl: string;
  /** Runs one operation as a role; every call is a request of its own. */
  ask: (
    source: string,
    variables?: Record<string, unknown>,
    role?: RoleName,
  ) => Promise<{ data: Answer; errors: ExecutionResult['errors']; counts: Counts }>;
}

/** Builds the schema of these resolvers alone, each an instance of its class. */
export function roomGraph(resolvers: readonly object[], clock: Clock): RoomGraph {
  const instances = new Map<unknown, object>(
    resolvers.map((resolver) => [resolver.constructor, resolver]),
  );
  const schema = buildSchemaSync({
    resolvers: [...instances.keys()] as unknown as NonEmptyArray<() => unknown>,
    container: { get: (type) => instances.get(type) },
    validate: false,
    // nobody follows anything here
    pubSub: feedPubSub({}),
  });
  return {
    sdl: printSchema(schema),
    async ask(source, variableValues = {}, role = 'ADMIN') {
      const counts = zeroCounts();
      const contextValue: RequestContext = {
        viewer: { id: 'key', name: `${role.toLowerCase()} key`, role },
        requestId: 'test',
        signal: new AbortController().signal,
        clock,
        counts,
        loaderKey: {},
      };
      const { data, errors } = await withCounts(counts, () =>
        graphql({ schema, source, variableValues, contextValue }),
      );
      return { data, errors, counts };
    },
  };
}
