import type { GraphQLArgument, GraphQLField, GraphQLResolveInfo, GraphQLSchema } from 'graphql';
import { getNamedType, isInputObjectType, isObjectType } from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import type { RequestContext } from './context.js';

type Metadata = ReturnType<typeof getMetadataStorage>;
type ResolverOf = Metadata['queries'][number] | Metadata['fieldResolvers'][number];
type Params = NonNullable<ResolverOf['params']>;
type Read = (
  root: unknown,
  args: Record<string, unknown>,
  context: RequestContext,
  info: GraphQLResolveInfo,
) => unknown;
type Method = (...parameters: unknown[]) => unknown;

/**
 * Lets fields call their resolver's method at once. TypeGraphQL makes a promise of every argument, for a
 * validation that we do not use; with five arguments on each of a thousand customers that is most of a
 * question's time. Fields with an input object among their arguments keep TypeGraphQL's way, which
 * turns it into an instance of its class; so do fields with middleware or roles.
 * @param instanceOf the object of a resolver class
 */
export function resolveDirectly(
  schema: GraphQLSchema,
  instanceOf: (resolver: unknown) => object | undefined,
): void {
  const { queries, mutations, fieldResolvers, objectTypes } = getMetadataStorage();
  const replace = (typeName: string | undefined, resolver: ResolverOf): void => {
    const type = schema.getType(typeName ?? '');
    const field = isObjectType(type) ? type.getFields()[resolver.schemaName] : undefined;
    const instance = instanceOf(resolver.target);
    if (!field || !instance || (resolver.middlewares?.length ?? 0) > 0 || resolver.roles) return;
    const reads = readsOf(field, resolver.params ?? []);
    if (!reads) return;
    const method = Reflect.get(instance, resolver.methodName) as Method;
    field.resolve = (root, args: Record<string, unknown>, context: RequestContext, info) =>
      method.apply(
        instance,
        reads.map((read) => read(root, args, context, info)),
      );
  };
  for (const resolver of queries) replace(schema.getQueryType()?.name, resolver);
  for (const resolver of mutations) replace(schema.getMutationType()?.name, resolver);
  for (const resolver of fieldResolvers) {
    if (resolver.kind !== 'external') continue;
    const target: unknown = resolver.getObjectType?.();
    replace(objectTypes.find((type) => type.target === target)?.name, resolver);
  }
}

/** How each parameter of the method is got; null when one of them needs TypeGraphQL. */
function readsOf(field: GraphQLField<unknown, unknown>, params: Params): Read[] | null {
  const reads: Read[] = [];
  for (const param of params) {
    if (param.kind === 'context' && param.propertyName === undefined)
      reads[param.index] = (_root, _args, context) => context;
    else if (param.kind === 'root' && param.propertyName === undefined && !param.getType)
      reads[param.index] = (root) => root;
    else if (param.kind === 'info') reads[param.index] = (_root, _args, _context, info) => info;
    else if (param.kind === 'arg' && isPlain(field.args.find(({ name }) => name === param.name)))
      reads[param.index] = (_root, args) => args[param.name];
    else return null;
  }
  return reads;
}

function isPlain(argument: GraphQLArgument | undefined): boolean {
  return argument !== undefined && !isInputObjectType(getNamedType(argument.type));
}
