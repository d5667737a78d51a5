import { defaultFieldResolver, type GraphQLSchema } from 'graphql';

/** A span around the work of one root field. */
export type SpanAround = <T>(
  name: string,
  facts: Readonly<Record<string, string>>,
  work: () => T,
) => T;

/**
 * Puts a span around each field of Query and Mutation. Fields below them are many and mostly memory: what they cost is
 * in the spans of SQL and models. Where traces are off this is not called, and fields cost what they cost.
 */
export function traceRootFields(schema: GraphQLSchema, span: SpanAround): void {
  for (const root of [schema.getQueryType(), schema.getMutationType()])
    for (const field of Object.values(root?.getFields() ?? {})) {
      const resolve = field.resolve ?? defaultFieldResolver;
      const name = `${root?.name ?? ''}.${field.name}`;
      const facts = { 'graphql.field.path': field.name };
      field.resolve = (...given) => span(name, facts, (): unknown => resolve(...given));
    }
}
