import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import { SegmentType } from '../segment.type.js';
import type { Direction } from './profile.js';

export const CompareToEnum = { ALL: 'ALL', SEGMENT: 'SEGMENT' } as const;
export type CompareTo = keyof typeof CompareToEnum;

registerEnumType(CompareToEnum, {
  name: 'CompareTo',
  description: 'What a segment is compared with.',
  valuesConfig: {
    ALL: { description: 'All customers that the version was made from.' },
    SEGMENT: { description: 'Another segment of the same version.' },
  },
});

export const DirectionEnum: { [K in Direction]: K } = {
  ABOVE: 'ABOVE',
  BELOW: 'BELOW',
  EQUAL: 'EQUAL',
};

registerEnumType(DirectionEnum, {
  name: 'ComparisonDirection',
  description: 'Where a mean lies beside the other.',
  valuesConfig: {
    ABOVE: { description: 'Larger.' },
    BELOW: { description: 'Smaller.' },
    EQUAL: { description: 'The same.' },
  },
});

@ObjectType('MetricComparison', {
  simpleResolvers: true,
  description: 'The mean of a number beside the other one.',
})
export class MetricComparisonType {
  @Field(() => String, { description: 'Name of the feature or profile attribute.' })
  feature!: string;
  @Field(() => Float, { description: 'Mean of this segment, in its unit.' })
  mean!: number;
  @Field(() => Float, { description: 'Mean of the other side.' })
  otherMean!: number;
  @Field(() => Float, { nullable: true, description: 'mean / other mean; null where that is 0.' })
  ratio!: number | null;
  @Field(() => DirectionEnum, { description: 'Above or below the other.' })
  direction!: Direction;
}

@ObjectType('ShareComparison', {
  simpleResolvers: true,
  description: 'The share of a value on both sides.',
})
export class ShareComparisonType {
  @Field(() => String, { nullable: true, description: 'Null: unknown.' })
  value!: string | null;
  @Field(() => Float, { description: 'Of this segment, 0..1.' })
  share!: number;
  @Field(() => Float, { description: 'Of the other side, 0..1.' })
  otherShare!: number;
}

@ObjectType('MixComparison', {
  simpleResolvers: true,
  description: 'The mix of an attribute on both sides: gender, city, bands of age.',
})
export class MixComparisonType {
  @Field(() => String, { description: 'Name of the attribute.' })
  attribute!: string;
  @Field(() => [ShareComparisonType], {
    description: 'The 20 most frequent values over all customers, most of this segment first.',
  })
  values!: ShareComparisonType[];
}

@ObjectType('SegmentComparison', {
  simpleResolvers: true,
  description:
    'A segment beside all customers or another segment, as of when the version was made.',
})
export class SegmentComparisonType {
  @Field(() => CompareToEnum, { description: 'What it is compared with.' })
  to!: CompareTo;
  @Field(() => SegmentType, { nullable: true, description: 'The other segment; null for ALL.' })
  other!: SegmentType | null;
  @Field(() => [MetricComparisonType], { description: 'Every number of the profile.' })
  metrics!: MetricComparisonType[];
  @Field(() => [MixComparisonType], { description: 'Every mix.' })
  mixes!: MixComparisonType[];
}
