import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { Kind } from 'graphql';

/** graphql-js hands the same list of nodes to every object of a list: one look is enough for all. */
const seen = new WeakMap<readonly FieldNode[], Map<string, boolean>>();

/** Whether the field resolved now is asked for its sub-field `name`; a fragment may hold it, so true. */
export function asksFor({ fieldNodes }: GraphQLResolveInfo, name: string): boolean {
  let answers = seen.get(fieldNodes);
  if (!answers) seen.set(fieldNodes, (answers = new Map<string, boolean>()));
  let answer = answers.get(name);
  if (answer === undefined) {
    answer = fieldNodes.some(({ selectionSet }) =>
      selectionSet?.selections.some((node) => node.kind !== Kind.FIELD || node.name.value === name),
    );
    answers.set(name, answer);
  }
  return answer;
}
