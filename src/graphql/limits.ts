import type {
  ASTVisitor,
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
  ValidationContext,
} from 'graphql';
import { GraphQLError, Kind } from 'graphql';
import { givenItems } from './given-items.js';
import { listItems } from './list-items.js';

/** Bounds of one operation, the same over HTTP and WebSocket. */
export interface OperationLimits {
  /** Most tokens of a document. */
  maxTokens: number;
  /** Deepest nesting of fields; a root field has depth 1. */
  maxDepth: number;
  /** Most fields after fragments are unfolded, aliases and repetitions counted one by one. */
  maxFields: number;
  /** Most list items that the operation could answer, by its `first` arguments (see `listItems`). */
  maxListItems: number;
  /**
   * Most items of one list in the variables: twice the rows that a call takes, so that who gives a few too many
   * hears it from the field itself. Checking them is work that nobody else can come between.
   */
  maxGivenList: number;
  /** Most items of all lists in the variables. */
  maxGivenItems: number;
}

export const DEFAULT_OPERATION_LIMITS: OperationLimits = {
  maxTokens: 4_000,
  maxDepth: 12,
  maxFields: 1_000,
  maxListItems: 250_000,
  maxGivenList: 20_000,
  maxGivenItems: 250_000,
};

// The introspection query of GraphiQL and of codegen nests 15 deep; it answers from memory.
const MAX_INTROSPECTION_DEPTH = 20;

interface Extent {
  depth: number;
  introspectionDepth: number;
  fields: number;
}

/** Depth and number of fields with fragments unfolded; a fragment that contains itself counts once. */
function extentOf(
  set: SelectionSetNode,
  fragment: (name: string) => Extent,
  inIntrospection = false,
): Extent {
  const extent: Extent = { depth: 0, introspectionDepth: 0, fields: 0 };
  const join = (other: Extent, below: 0 | 1): void => {
    extent.depth = Math.max(extent.depth, other.depth + below);
    extent.introspectionDepth = Math.max(
      extent.introspectionDepth,
      other.introspectionDepth === 0 ? 0 : other.introspectionDepth + below,
    );
    extent.fields += other.fields;
  };
  for (const selection of set.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      join(fragment(selection.name.value), 0);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      join(extentOf(selection.selectionSet, fragment, inIntrospection), 0);
    } else {
      const isIntrospection = inIntrospection || /^__(schema|type)$/.test(selection.name.value);
      const leaf = isIntrospection
        ? { depth: 0, introspectionDepth: 1, fields: 1 }
        : { depth: 1, introspectionDepth: 0, fields: 1 };
      if (!selection.selectionSet) {
        join(leaf, 0);
        continue;
      }
      const inner = extentOf(selection.selectionSet, fragment, isIntrospection);
      join({ depth: 0, introspectionDepth: 0, fields: 1 }, 0);
      if (isIntrospection) {
        const depth = Math.max(inner.introspectionDepth, inner.depth) + 1;
        join({ depth: 0, introspectionDepth: depth, fields: inner.fields }, 0);
      } else {
        join(inner, 1);
      }
    }
  }
  return extent;
}

function operationExtent(operation: OperationDefinitionNode, document: DocumentNode): Extent {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition);
  const known = new Map<string, Extent>();
  const nothing: Extent = { depth: 0, introspectionDepth: 0, fields: 0 };
  const fragment = (name: string): Extent => {
    const before = known.get(name);
    if (before) return before;
    known.set(name, nothing); // a cycle ends here; NoFragmentCycles reports it
    const definition = fragments.get(name);
    const extent = definition ? extentOf(definition.selectionSet, fragment) : nothing;
    known.set(name, extent);
    return extent;
  };
  return extentOf(operation.selectionSet, fragment);
}

function tooMuch(what: string, bound: number, got: number, node: OperationDefinitionNode) {
  const name = node.name ? ` "${node.name.value}"` : '';
  return new GraphQLError(`${what} of the operation${name} must be at most ${bound}, got ${got}`, {
    nodes: node,
    extensions: { code: 'TOO_LARGE' },
  });
}

/** Validation rule: refuses an operation that nests too deep or asks for too many fields. */
export function limitRule(limits: Pick<OperationLimits, 'maxDepth' | 'maxFields'>) {
  return (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      const extent = operationExtent(operation, context.getDocument());
      if (extent.depth > limits.maxDepth)
        context.reportError(tooMuch('depth', limits.maxDepth, extent.depth, operation));
      if (extent.introspectionDepth > MAX_INTROSPECTION_DEPTH)
        context.reportError(
          tooMuch(
            'introspection depth',
            MAX_INTROSPECTION_DEPTH,
            extent.introspectionDepth,
            operation,
          ),
        );
      if (extent.fields > limits.maxFields)
        context.reportError(
          tooMuch('number of fields', limits.maxFields, extent.fields, operation),
        );
    },
  });
}

/** The bounds of lists, given and answered, for one operation with its variables; null when they hold. */
export function listItemsError(request: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  limits: Pick<OperationLimits, 'maxListItems' | 'maxGivenList' | 'maxGivenItems'>;
}): GraphQLError | null {
  const { operation, variables, limits } = request;
  const given = givenItems(variables);
  if (given.longest > limits.maxGivenList)
    return tooMuch(`items of $${given.path}`, limits.maxGivenList, given.longest, operation);
  if (given.total > limits.maxGivenItems)
    return tooMuch('items given in all lists', limits.maxGivenItems, given.total, operation);
  const items = listItems(request);
  const bound = request.limits.maxListItems;
  return items > bound
    ? tooMuch('possible list items (first × first × …)', bound, items, request.operation)
    : null;
}
