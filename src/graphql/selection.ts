import type { GraphQLResolveInfo } from 'graphql';
import { Kind } from 'graphql';

/** Whether the field resolved now is asked for its sub-field `name`; a fragment may hold it, so true. */
export function asksFor({ fieldNodes }: GraphQLResolveInfo, name: string): boolean {
  return fieldNodes.some(({ selectionSet }) =>
    selectionSet?.selections.some((node) => node.kind !== Kind.FIELD || node.name.value === name),
  );
}
