import { Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { DateTimeRangeInput } from '../graphql/range.type.js';
import type { Definition } from './definition.js';
import type { FeatureStatus as Status, FeatureType as Type } from './feature.js';
import { FeatureKind, FeatureStatus } from './feature.type.js';
import type { FeatureSearch } from './search-features.js';

const DefinitionKind = {
  EVENTS: 'events',
  DAYS_SINCE: 'daysSince',
  INSTANT: 'instant',
  ATTRIBUTE: 'attribute',
  EXPRESSION: 'expression',
  BUCKET: 'bucket',
} as const;

registerEnumType(DefinitionKind, {
  name: 'FeatureDefinitionKind',
  description: 'How a feature is made.',
  valuesConfig: {
    EVENTS: { description: 'An aggregate over events.' },
    DAYS_SINCE: { description: 'Days since an event, or since registration.' },
    INSTANT: { description: 'The instant of an event.' },
    ATTRIBUTE: { description: 'An attribute of the profile.' },
    EXPRESSION: { description: 'A formula over other features.' },
    BUCKET: { description: 'Another feature, in buckets with stored bounds.' },
  },
});

@InputType('FeatureSearch', {
  description:
    'Conditions on features, all of which must hold. A list holds where any of its members does, unless it says otherwise; an empty list filters nothing.',
})
export class FeatureSearchInput implements FeatureSearch {
  @Field(() => [ID], { nullable: true, description: 'Ids, `Feature:<name>@<version>`.' })
  ids?: string[] | null;
  @Field(() => [String], { nullable: true, description: 'Names.' })
  names?: string[] | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Found in name, description or business meaning, in either case; 1..200 characters.',
  })
  text?: string | null;
  @Field(() => [Int], { nullable: true, description: 'Versions, from 1.' })
  versions?: number[] | null;
  @Field(() => [FeatureKind], { nullable: true, description: 'Kinds of value.' })
  types?: Type[] | null;
  @Field(() => [String], { nullable: true, description: 'float64, text, boolean, timestamp.' })
  dataTypes?: string[] | null;
  @Field(() => [String], { nullable: true, description: 'Units of numbers.' })
  units?: string[] | null;
  @Field(() => [FeatureStatus], { nullable: true, description: 'Statuses.' })
  statuses?: Status[] | null;
  @Field(() => [String], { nullable: true, description: 'Who answers for it.' })
  owners?: string[] | null;
  @Field(() => [String], { nullable: true, description: 'Tags, all of them.' })
  tags?: string[] | null;
  @Field(() => String, {
    nullable: true,
    description: 'One of its own sources: `event:purchase`, `attribute:age`, `feature:age@1`.',
  })
  source?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'A column it is computed from in the end, as table.column, or a whole table.',
  })
  lineage?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'A feature it refers to, directly or through others: `name` or `name@version`.',
  })
  dependsOn?: string | null;
  @Field(() => [DefinitionKind], { nullable: true, description: 'How it is made.' })
  definitionKinds?: Definition['kind'][] | null;
  @Field(() => String, {
    nullable: true,
    description: 'Found in its definition as JSON without spaces; 1..200 characters.',
  })
  definitionContains?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Name of a model of which some version takes it.',
  })
  usedByModel?: string | null;
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether a PROFILE job has stored its distribution.',
  })
  hasStatistics?: boolean | null;
  @Field(() => DateTimeRangeInput, { nullable: true, description: 'When it was registered.' })
  createdAt?: DateTimeRangeInput | null;
  @Field(() => DateTimeRangeInput, {
    nullable: true,
    description: 'When it was last moved or edited.',
  })
  updatedAt?: DateTimeRangeInput | null;
}
