import 'reflect-metadata';
import type { GraphQLResolveInfo } from 'graphql';
import { execute, isObjectType, parse, type GraphQLSchema } from 'graphql';
import {
  Arg,
  buildSchemaSync,
  Ctx,
  Field,
  FieldResolver,
  Info,
  InputType,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveDirectly } from '../../src/graphql/direct-resolvers.js';

@InputType('DirectInput')
class DirectInput {
  @Field(() => Int)
  size!: number;
}

@ObjectType('DirectThing', { simpleResolvers: true })
class DirectThing {
  @Field(() => String)
  name!: string;
}

@Resolver(() => DirectThing)
class DirectResolver {
  constructor(private readonly prefix: string) {}

  @Query(() => DirectThing)
  thing(@Arg('name', () => String) name: string): DirectThing {
    if (name === 'bad') throw new Error('refused');
    return { name };
  }

  @Query(() => Boolean)
  isInstance(@Arg('input', () => DirectInput) input: DirectInput): boolean {
    return input instanceof DirectInput;
  }

  @FieldResolver(() => String)
  told(
    @Arg('words', () => [String], { nullable: true }) words: string[] | null | undefined,
    @Root() thing: DirectThing,
    @Arg('times', () => Int, { defaultValue: 2 }) times: number,
    @Ctx() context: { who: string },
    @Info() info: GraphQLResolveInfo,
  ): string {
    const said = words === undefined ? 'nothing' : JSON.stringify(words);
    return [this.prefix, thing.name, said, times, context.who, info.fieldName].join(' ');
  }
}

describe('resolvers called directly', () => {
  let schema: GraphQLSchema;
  let plain: GraphQLSchema;

  beforeAll(() => {
    const instance = new DirectResolver('>');
    const build = (): GraphQLSchema =>
      buildSchemaSync({
        resolvers: [DirectResolver],
        container: { get: () => instance as never },
        validate: false,
        orphanedTypes: [],
      });
    plain = build();
    schema = build();
    resolveDirectly(schema, (wanted) => (wanted === DirectResolver ? instance : undefined));
  });

  it.each([
    '{ thing(name: "a") { name told(words: ["x", "y"], times: 3) } }',
    '{ thing(name: "a") { told(words: null) } }',
    '{ thing(name: "a") { told } }',
    '{ thing(name: "bad") { name } }',
    '{ isInstance(input: { size: 1 }) }',
  ])('answer %s as TypeGraphQL does', async (text) => {
    const ask = async (asked: GraphQLSchema): Promise<unknown> =>
      JSON.parse(
        JSON.stringify(
          await execute({
            schema: asked,
            document: parse(text),
            contextValue: { who: 'me' },
          }),
        ),
      );
    expect(await ask(schema)).toEqual(await ask(plain));
  });

  it('make no promise for a method that makes none', () => {
    const document = parse('{ thing(name: "a") { told(words: ["x"]) } }');
    const contextValue = { who: 'me' };
    expect(execute({ schema: plain, document, contextValue })).toBeInstanceOf(Promise);
    const answer = execute({ schema, document, contextValue });
    expect(answer).not.toBeInstanceOf(Promise);
    expect(answer).toEqual({ data: { thing: { told: '> a ["x"] 2 me told' } } });
  });

  it('leave a field with an input object to TypeGraphQL', () => {
    const resolveOf = (of: GraphQLSchema): unknown => {
      const query = of.getQueryType();
      return isObjectType(query) ? query.getFields()['isInstance']?.resolve : null;
    };
    const before = resolveOf(plain);
    resolveDirectly(plain, () => undefined);
    expect(resolveOf(plain)).toBe(before);
    expect(String(resolveOf(schema))).toBe(String(before));
  });
});
