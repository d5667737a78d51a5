import type { GraphQLSchema } from 'graphql';

/** Where the doors get the schema: it may change while they are open. Operations end on the schema they began with. */
export interface SchemaSource {
  current(): GraphQLSchema;
  /** Changes whenever what clients can ask for does; equal in every process that serves the same. */
  version(): string;
  /** Calls `listener` at once after every swap; answers how to stop that. */
  onSwap(listener: (schema: GraphQLSchema) => void): () => void;
}
