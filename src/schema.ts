import 'reflect-metadata';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type ClassType } from 'type-graphql';
import { resolveDirectly } from './graphql/direct-resolvers.js';
import { feedPubSub, type Feed } from './graphql/feeds.js';

/** What the schema is made of: one instance a resolver class, one source a subscription. */
export interface SchemaParts {
  resolvers: readonly object[];
  feeds: Readonly<Record<string, Feed>>;
}

/** Builds the executable schema; the container hands out exactly the instances given. */
export function buildGraph({ resolvers, feeds }: SchemaParts): GraphQLSchema {
  const instances = new Map<unknown, object>(
    resolvers.map((resolver) => [resolver.constructor, resolver]),
  );
  const [first, ...rest] = resolvers.map((resolver) => resolver.constructor as ClassType);
  if (!first) throw new Error('a schema needs a resolver');
  const schema = buildSchemaSync({
    resolvers: [first, ...rest],
    pubSub: feedPubSub(feeds),
    container: { get: (wanted: unknown) => instances.get(wanted) as never },
    validate: false,
  });
  resolveDirectly(schema, (resolver) => instances.get(resolver));
  return schema;
}

/** The printed, sorted schema: what src/schema.graphql must hold. */
export function printGraph(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
