import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import { encodeId } from '../kernel/id.js';
import type { Definition } from './definition.js';
import {
  dataTypeOf,
  type FeatureDefinition,
  type FeatureStatus as Status,
  type FeatureType as Type,
} from './feature.js';
import { lineageOf, sourcesOf } from './lineage.js';

/** The enum `FeatureType` of the graph; the class of that name below is the object `Feature`. */
export const FeatureKind = {
  NUMERICAL: 'NUMERICAL',
  CATEGORICAL: 'CATEGORICAL',
  TEXT: 'TEXT',
  DATETIME: 'DATETIME',
  BOOLEAN: 'BOOLEAN',
} as const;

registerEnumType(FeatureKind, {
  name: 'FeatureType',
  description: 'What kind of value a feature has.',
  valuesConfig: {
    NUMERICAL: { description: 'A number, in `FeatureValue.number`.' },
    CATEGORICAL: { description: 'One of few texts, in `FeatureValue.text`.' },
    TEXT: { description: 'Free text, in `FeatureValue.text`.' },
    DATETIME: { description: 'An instant, in `FeatureValue.instant`.' },
    BOOLEAN: { description: 'True or false, in `FeatureValue.boolean`.' },
  },
});

export const FeatureStatus = {
  DRAFT: 'DRAFT',
  REVIEW: 'REVIEW',
  APPROVED: 'APPROVED',
  DEPRECATED: 'DEPRECATED',
  ARCHIVED: 'ARCHIVED',
} as const;

registerEnumType(FeatureStatus, {
  name: 'FeatureStatus',
  description: 'Where a version of a feature stands in its life.',
  valuesConfig: {
    DRAFT: { description: 'Being written; may move to REVIEW or ARCHIVED.' },
    REVIEW: { description: 'Waiting for approval; may move to APPROVED, DRAFT or ARCHIVED.' },
    APPROVED: { description: 'May enter a production model; may move to DEPRECATED.' },
    DEPRECATED: { description: 'Not for new models; may move to APPROVED or ARCHIVED.' },
    ARCHIVED: { description: 'Out of use; may move to DRAFT.' },
  },
});

@ObjectType('Feature', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'A version of a model input: declared as data, compiled to SQL, the same everywhere.',
})
export class FeatureType extends NodeInterface {
  /** The row with its dependencies, for the resolvers of this and other rooms; not in the graph. */
  feature!: FeatureDefinition;

  @Field(() => String, { description: 'A lower-case letter, then up to 62 of a-z 0-9 _.' })
  name!: string;
  @Field(() => Int, { description: 'From 1; versions live side by side and are never edited.' })
  version!: number;
  @Field(() => String, { description: 'What it is.' })
  description!: string;
  @Field(() => String, { nullable: true, description: 'What it says about the customer.' })
  businessMeaning!: string | null;
  @Field(() => FeatureKind, { description: 'What kind of value.' })
  type!: Type;
  @Field(() => String, { description: 'How a value is held: float64, text, boolean, timestamp.' })
  dataType!: string;
  @Field(() => String, { nullable: true, description: 'Unit of a number: day, currency, second …' })
  unit!: string | null;
  @Field(() => FeatureStatus, { description: 'Where it stands in its life.' })
  status!: Status;
  @Field(() => String, { description: 'Who answers for it.' })
  owner!: string;
  @Field(() => [String], { description: 'For finding it; at most 20.' })
  tags!: readonly string[];
  @Field(() => JsonObject, { description: 'What it is computed from, as declared.' })
  definition!: Definition;
  @Field(() => [String], {
    description:
      'What it is made of itself: `event:<type>`, `attribute:<name>`, `feature:<name>@<version>`.',
  })
  source!: string[];
  @Field(() => [FeatureType], { description: 'Features its formula refers to.' })
  dependencies!: FeatureType[];
  @Field(() => [String], {
    description: 'Columns it is computed from in the end, as table.column.',
  })
  lineage!: string[];
  @Field(() => DateTime, { description: 'When it was registered.' })
  createdAt!: Date;
  @Field(() => DateTime, {
    description: 'When it was last moved or edited; never before `createdAt`.',
  })
  updatedAt!: Date;
}

/** A feature as the graph shows it. */
export function toFeatureType(feature: FeatureDefinition): FeatureType {
  return {
    id: encodeId('Feature', `${feature.name}@${feature.version}`),
    feature,
    name: feature.name,
    version: feature.version,
    description: feature.description,
    businessMeaning: feature.businessMeaning,
    type: feature.type,
    dataType: dataTypeOf(feature),
    unit: feature.unit,
    status: feature.status,
    owner: feature.owner,
    tags: feature.tags,
    definition: feature.definition,
    source: sourcesOf(feature),
    dependencies: feature.dependencies.map(toFeatureType),
    lineage: lineageOf(feature),
    createdAt: feature.createdAt,
    updatedAt: feature.updatedAt,
  };
}

/** Why a value is missing. */
export const FeatureMissingReason = { NO_DATA: 'NO_DATA', OPTED_OUT: 'OPTED_OUT' } as const;

registerEnumType(FeatureMissingReason, {
  name: 'FeatureMissingReason',
  description: 'Why a value is missing.',
  valuesConfig: {
    NO_DATA: { description: 'Nothing is known to compute it from.' },
    OPTED_OUT: { description: 'The customer does not agree to profiling: nothing is computed.' },
  },
});

@ObjectType('FeatureValue', {
  simpleResolvers: true,
  description: 'A feature of one customer as of an instant; the field of its type holds the value.',
})
export class FeatureValueType {
  @Field(() => FeatureType, { description: 'The version that was computed.' })
  feature!: FeatureType;
  @Field(() => String, { description: 'Its name.' })
  name!: string;
  @Field(() => Float, { nullable: true, description: 'Value of a NUMERICAL feature, in its unit.' })
  number!: number | null;
  @Field(() => String, { nullable: true, description: 'Value of a CATEGORICAL or TEXT feature.' })
  text!: string | null;
  @Field(() => Boolean, { nullable: true, description: 'Value of a BOOLEAN feature.' })
  boolean!: boolean | null;
  @Field(() => DateTime, { nullable: true, description: 'Value of a DATETIME feature.' })
  instant!: Date | null;
  @Field(() => Boolean, { description: 'True where there is no value; `missingReason` says why.' })
  isMissing!: boolean;
  @Field(() => FeatureMissingReason, { nullable: true, description: 'Null where it is there.' })
  missingReason!: keyof typeof FeatureMissingReason | null;
  @Field(() => DateTime, { description: 'Only events before this instant count.' })
  asOf!: Date;
  @Field(() => DateTime, { description: 'When it was computed, wall time.' })
  computedAt!: Date;
  @Field(() => Float, { description: 'Seconds from `computedAt` to this answer.' })
  ageSeconds!: number;
}

@ObjectType('NumericSummary', {
  simpleResolvers: true,
  description: 'Distribution of a number; figures are null without a value.',
})
export class NumericSummaryType {
  @Field(() => Int, { description: 'Values that are there.' })
  count!: number;
  @Field(() => Int, { description: 'Values that are missing.' })
  missing!: number;
  @Field(() => Float, { nullable: true, description: 'Mean.' })
  mean!: number | null;
  @Field(() => Float, { nullable: true, description: 'Standard deviation of the sample (n - 1).' })
  standardDeviation!: number | null;
  @Field(() => Float, { nullable: true, description: 'Smallest.' })
  min!: number | null;
  @Field(() => Float, { nullable: true, description: '25th percentile, interpolated.' })
  p25!: number | null;
  @Field(() => Float, { nullable: true, description: '50th percentile, interpolated.' })
  median!: number | null;
  @Field(() => Float, { nullable: true, description: '75th percentile, interpolated.' })
  p75!: number | null;
  @Field(() => Float, { nullable: true, description: 'Largest.' })
  max!: number | null;
}

@ObjectType('CategoryCount', { simpleResolvers: true, description: 'How often a category occurs.' })
export class CategoryCountType {
  @Field(() => String, { nullable: true, description: 'The category; null = missing.' })
  value!: string | null;
  @Field(() => Int, { description: 'Customers with it, in the sample.' })
  count!: number;
}

@InputType('FeatureOverride', {
  description: 'A value to imagine in place of the computed one: give the field of its type.',
})
export class FeatureOverrideInput {
  @Field(() => String, { description: 'Name of the feature.' })
  name!: string;
  @Field(() => Float, { nullable: true, description: 'For a NUMERICAL feature.' })
  number?: number | null;
  @Field(() => String, { nullable: true, description: 'For a CATEGORICAL or TEXT feature.' })
  text?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'For a BOOLEAN feature.' })
  boolean?: boolean | null;
}

@InputType('RegisterFeatureInput', { description: 'A feature to register, as a DRAFT.' })
export class RegisterFeatureInputType {
  @Field(() => String, {
    description:
      'A lower-case letter, then up to 62 of a-z 0-9 _. A name that exists gets its next version.',
  })
  name!: string;
  @Field(() => String, { description: 'What it is; 1..1,000 characters.' })
  description!: string;
  @Field(() => String, { nullable: true, description: 'What it says about the customer.' })
  businessMeaning?: string | null;
  @Field(() => FeatureKind, { description: 'Must fit the definition.' })
  type!: Type;
  @Field(() => String, { nullable: true, description: 'Unit of a number; at most 40 characters.' })
  unit?: string | null;
  @Field(() => String, { description: 'Who answers for it; 1..200 characters.' })
  owner!: string;
  @Field(() => [String], { nullable: true, description: 'At most 20, of at most 60 characters.' })
  tags?: string[] | null;
  @Field(() => JsonObject, {
    description:
      'For example {"kind":"events","aggregate":"sum","types":["purchase"],"windowDays":30}; kinds: events, daysSince, instant, attribute, expression.',
  })
  definition!: Record<string, unknown>;
}

@InputType('UpdateFeatureInput', {
  description: 'What to say of a feature from now on; what is left out stays as it is.',
})
export class UpdateFeatureInputType {
  @Field(() => String, { description: 'Name of the feature.' })
  name!: string;
  @Field(() => Int, { nullable: true, description: 'From 1; default the newest.' })
  version?: number | null;
  @Field(() => String, { nullable: true, description: 'What it is; 1..1,000 characters.' })
  description?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it says about the customer; 1..1,000 characters, null takes it away.',
  })
  businessMeaning?: string | null;
  @Field(() => String, { nullable: true, description: 'Who answers for it; 1..200 characters.' })
  owner?: string | null;
  @Field(() => [String], { nullable: true, description: 'At most 20, of 1..60 characters.' })
  tags?: string[] | null;
}

@ObjectType('FeaturePayload', { simpleResolvers: true, description: 'The feature, or why not.' })
export class FeaturePayloadType {
  @Field(() => FeatureType, { nullable: true, description: 'The feature after the change.' })
  feature!: FeatureType | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was changed, one a field.' })
  userErrors!: UserErrorType[];
}
