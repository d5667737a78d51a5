import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
} from 'graphql';

/** What a list without a `first` is taken to hold; such lists are bounded by nature (versions, metrics). */
const ASSUMED_LIST_LENGTH = 10;

/**
 * How many list items an operation could answer at most: every `first` multiplies what lies below it.
 * A list without `first` counts as 10, or as many as the list given to it (`ids`, `names`, `rows`);
 * the `edges` and `nodes` of a connection are its `first`. Introspection counts nothing.
 * Cost: O(fields of the document), fragments once each.
 */
export function listItems(request: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
}): number {
  const { schema, document, operation } = request;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition);
  const variables = withDefaults(operation, request.variables);
  const known = new Map<string, number>();

  const ofFragment = (name: string, insideConnection: boolean): number => {
    const key = `${name} ${String(insideConnection)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, 0); // a cycle; validation refuses it
    const definition = fragments.get(name);
    const items = definition
      ? ofSet(
          definition.selectionSet,
          schema.getType(definition.typeCondition.name.value),
          insideConnection,
        )
      : 0;
    known.set(key, items);
    return items;
  };

  const ofField = (
    node: FieldNode,
    type: GraphQLNamedType | undefined,
    insideConnection: boolean,
  ): number => {
    if (!node.selectionSet || !(isObjectType(type) || isInterfaceType(type))) return 0;
    const field = type.getFields()[node.name.value];
    if (!field) return 0;
    const isList = isListType(getNullableType(field.type));
    const first = firstOf(field, node, variables);
    const below = ofSet(node.selectionSet, getNamedType(field.type), first !== null && !isList);
    if (first !== null) return first + first * below;
    if (!isList || insideConnection) return below;
    const length = givenLength(node, variables) ?? ASSUMED_LIST_LENGTH;
    return length + length * below;
  };

  const ofSet = (
    set: SelectionSetNode,
    type: GraphQLNamedType | undefined,
    insideConnection: boolean,
  ): number => {
    let items = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) items += ofField(selection, type, insideConnection);
      else if (selection.kind === Kind.FRAGMENT_SPREAD)
        items += ofFragment(selection.name.value, insideConnection);
      else
        items += ofSet(
          selection.selectionSet,
          selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : type,
          insideConnection,
        );
    }
    return items;
  };

  return ofSet(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, false);
}

type Variables = ReadonlyMap<string, unknown>;

function withDefaults(
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Variables {
  const variables = new Map<string, unknown>(Object.entries(given));
  for (const { variable, defaultValue } of operation.variableDefinitions ?? [])
    if (!variables.has(variable.name.value) && defaultValue?.kind === Kind.INT)
      variables.set(variable.name.value, Number(defaultValue.value));
  return variables;
}

/** The page size a field is asked for, or null when it has no `first`. */
function firstOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Variables,
): number | null {
  const argument = field.args.find(({ name }) => name === 'first');
  if (!argument) return null;
  const value = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  let asked: unknown = argument.defaultValue;
  if (value?.kind === Kind.INT) asked = Number(value.value);
  else if (value?.kind === Kind.VARIABLE)
    asked = variables.get(value.name.value) ?? argument.defaultValue;
  return typeof asked === 'number' && asked > 0 ? asked : 0;
}

/** Length of the longest list among the arguments, or null when there is none. */
function givenLength(node: FieldNode, variables: Variables): number | null {
  let longest: number | null = null;
  for (const { value } of node.arguments ?? []) {
    const given: unknown =
      value.kind === Kind.LIST
        ? value.values
        : value.kind === Kind.VARIABLE
          ? variables.get(value.name.value)
          : null;
    if (Array.isArray(given)) longest = Math.max(longest ?? 0, given.length);
  }
  return longest;
}
