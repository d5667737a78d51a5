import {
  extendSchema,
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLString,
  isObjectType,
  Kind,
  type FieldDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { AppError } from '../../kernel/error.js';
import { DateTime } from '../../graphql/scalars.js';
import { kindOf, type ValueKind } from '../definition.js';
import type { FeatureDefinition } from '../feature.js';
import { fieldValue, type FeatureField } from './feature-set.js';
import { FEATURE_SET, type FeatureSetType } from './feature-set.type.js';

const TYPE_OF_KIND: Record<ValueKind, string> = {
  number: GraphQLFloat.name,
  text: GraphQLString.name,
  boolean: GraphQLBoolean.name,
  instant: DateTime.name,
};

/** The features of the fields of a FeatureSet, on the type itself: a schema knows what its fields mean. */
type FieldFeatures = ReadonlyMap<string, FeatureDefinition>;

/**
 * A schema like `schema` in which FeatureSet has these fields too; `schema` stays as it is. All types are made
 * anew with their resolvers. Cost: O(types), about 10 ms for 200.
 */
export function withFeatureFields(
  schema: GraphQLSchema,
  fields: readonly FeatureField[],
): GraphQLSchema {
  if (fields.length === 0) return schema;
  const name = { kind: Kind.NAME, value: FEATURE_SET } as const;
  const extended = extendSchema(
    schema,
    {
      kind: Kind.DOCUMENT,
      definitions: [{ kind: Kind.OBJECT_TYPE_EXTENSION, name, fields: fields.map(fieldNode) }],
    },
    // the names are those of the registry and the types are ours: there is nothing to find fault with
    { assumeValid: true },
  );
  const type = featureSetOf(extended);
  for (const { feature, description, deprecationReason } of fields) {
    const field = type.getFields()[feature.name];
    if (!field) throw new AppError('INTERNAL', `feature ${feature.name} has no field`);
    field.description = description;
    field.deprecationReason = deprecationReason;
    field.resolve = ({ values }: FeatureSetType) =>
      values && fieldValue(feature, values.rows.columns.get(feature.name)?.[values.row]);
  }
  const features = new Map(fields.map(({ feature }) => [feature.name, feature]));
  type.extensions = { ...type.extensions, features };
  return extended;
}

/** The features behind those of the names that are feature fields of the schema, in its order. */
export function featuresOfFields(
  schema: GraphQLSchema,
  names: ReadonlySet<string>,
): FeatureDefinition[] {
  const features = featureSetOf(schema).extensions['features'] as FieldFeatures | undefined;
  return [...(features?.values() ?? [])].filter(({ name }) => names.has(name));
}

function featureSetOf(schema: GraphQLSchema): GraphQLObjectType {
  const type = schema.getType(FEATURE_SET);
  if (!isObjectType(type)) throw new AppError('INTERNAL', `the schema has no ${FEATURE_SET}`);
  return type;
}

function fieldNode({ feature }: FeatureField): FieldDefinitionNode {
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  return {
    kind: Kind.FIELD_DEFINITION,
    name: named(feature.name),
    type: { kind: Kind.NAMED_TYPE, name: named(TYPE_OF_KIND[kindOf(feature.definition)]) },
  };
}
