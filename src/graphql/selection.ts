import type { FieldNode, GraphQLResolveInfo, SelectionNode, SelectionSetNode } from 'graphql';
import { getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, Kind } from 'graphql';

/** Whether the field resolved now is asked for its sub-field `name`; a fragment may hold it, so true. */
export function asksFor({ fieldNodes }: GraphQLResolveInfo, name: string): boolean {
  return fieldNodes.some(({ selectionSet }) =>
    selectionSet?.selections.some((node) => node.kind !== Kind.FIELD || node.name.value === name),
  );
}

type Asked = Pick<GraphQLResolveInfo, 'fragments' | 'variableValues'> & {
  fieldNodes: readonly FieldNode[];
};

/**
 * Names of the sub-fields that the field resolved now will answer, each once: fragments unfolded, `@skip` and
 * `@include` obeyed, aliases seen through. For fields of an object type, where every fragment applies.
 * Cost: O(selections), fragments once each.
 */
export function selectedNames({ fieldNodes, fragments, variableValues }: Asked): Set<string> {
  const names = new Set<string>();
  const unfolded = new Set<string>();
  const isAsked = (node: SelectionNode): boolean =>
    getDirectiveValues(GraphQLSkipDirective, node, variableValues)?.['if'] !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variableValues)?.['if'] !== false;
  const visit = (set: SelectionSetNode | undefined): void => {
    for (const node of set?.selections ?? []) {
      if (!isAsked(node)) continue;
      if (node.kind === Kind.FIELD) names.add(node.name.value);
      else if (node.kind === Kind.INLINE_FRAGMENT) visit(node.selectionSet);
      else if (!unfolded.has(node.name.value)) {
        unfolded.add(node.name.value);
        visit(fragments[node.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet);
  return names;
}
