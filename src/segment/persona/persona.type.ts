import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { QuadrantEnum } from '../quadrant.type.js';
import { SegmentType } from '../segment.type.js';
import type { Level, Quadrant } from '../segment.js';

export const LevelEnum: { [K in Level]: K } = { LOW: 'LOW', MEDIUM: 'MEDIUM', HIGH: 'HIGH' };

registerEnumType(LevelEnum, {
  name: 'Level',
  description: 'Where the customers of a segment lie among all, by their mean rank (0..1).',
  valuesConfig: {
    LOW: { description: 'Up to 0.375: nearer to the lower quartile than to the median.' },
    MEDIUM: { description: 'Between the two.' },
    HIGH: { description: 'From 0.625: nearer to the upper quartile than to the median.' },
  },
});

@ObjectType('PersonaLabel', {
  simpleResolvers: true,
  description: 'One thing that is said of a segment, with the rule that gave it.',
})
export class PersonaLabelType {
  @Field(() => String, {
    description:
      'spend, frequency, recency, engagement, age, gender, city, value, activity, quadrant; distinction where two segments would have the same labels.',
  })
  dimension!: string;
  @Field(() => String, {
    description:
      'HIGH, MEDIUM, LOW; RECENT, MEDIUM, SILENT; YOUNG, MIDDLE, MATURE; MOSTLY_WOMEN, BALANCED, MOSTLY_MEN; the name of a city or MIXED; a quadrant.',
  })
  label!: string;
  @Field(() => String, { description: 'The rule with its numbers and borders, as a sentence.' })
  rule!: string;
}

@ObjectType('Persona', {
  simpleResolvers: true,
  description:
    'What the customers of a segment are like, and what to do. Numbers are those of when the version was made; texts are data that people edit.',
})
export class PersonaType {
  @Field(() => [PersonaLabelType], {
    description: 'What the rules say; no two segments of a version have the same labels.',
  })
  labels!: readonly PersonaLabelType[];
  @Field(() => [String], { description: 'What they are like, with numbers.' })
  traits!: string[];
  @Field(() => [String], { description: 'What that means for the business.' })
  insights!: string[];
  @Field(() => [String], { description: 'What to do.' })
  strategies!: string[];
  @Field(() => [String], { description: 'What to reach.' })
  goals!: string[];
  @Field(() => Int, {
    description: '1..3: by the spend; where that is neither HIGH nor LOW, by the frequency.',
  })
  value!: number;
  @Field(() => Int, {
    description:
      '1..3: by recency and engagement; where they cancel out or are MEDIUM, by the frequency.',
  })
  activity!: number;
  @Field(() => QuadrantEnum, {
    description:
      'The weaker side of value and activity is the one to raise; without a weaker side KEEP for 3 and 3, else WATCH.',
  })
  quadrant!: Quadrant;
  @Field(() => String, {
    description:
      'Language of the texts: the one asked for, or en where that has no texts. Where it has texts of some kinds alone, the other kinds are in en.',
  })
  locale!: string;
}

@ObjectType('FeatureProfile', {
  simpleResolvers: true,
  description:
    'A number over the customers of a segment beside everybody, as of when the version was made.',
})
export class FeatureProfileType {
  @Field(() => String, { description: 'Name of the feature or profile attribute.' })
  feature!: string;
  @Field(() => Float, { description: 'Mean of those with a value, in its unit.' })
  mean!: number;
  @Field(() => Float, { description: 'Of a sample (n - 1), in its unit.' })
  standardDeviation!: number;
  @Field(() => Float, { description: 'Half of them have more, half less; in its unit.' })
  median!: number;
  @Field(() => Float, { description: 'Mean over all customers.' })
  overallMean!: number;
  @Field(() => Float, { nullable: true, description: 'mean / overall mean; null where that is 0.' })
  index!: number | null;
  @Field(() => LevelEnum, {
    description: 'Of the number itself: many days since the last visit are HIGH.',
  })
  level!: Level;
  @Field(() => Float, {
    description:
      'Mean rank, 0..1: the chance that a customer of the segment has more than one of everybody, ties half; 0.5 = like everybody.',
  })
  scaled!: number;
}

@ObjectType('RadarPoint', { simpleResolvers: true, description: 'A corner of a radar polygon.' })
export class RadarPointType {
  @Field(() => String, {
    description:
      'A feature, or where there are fewer than five: share, value, activity, uniformity, distinctness.',
  })
  axis!: string;
  @Field(() => Float, {
    description: '0..1, outside is better; features by mean rank, days since turned round.',
  })
  value!: number;
}

@ObjectType('PriorityCell', {
  simpleResolvers: true,
  description: 'A segment on the matrix of value and activity; its size is that of the bubble.',
})
export class PriorityCellType {
  @Field(() => String, { description: 'Key of the segment.' })
  key!: string;
  @Field(() => String, { description: 'Its name.' })
  name!: string;
  @Field(() => Int, { description: '1..3.' })
  value!: number;
  @Field(() => Int, { description: '1..3.' })
  activity!: number;
  @Field(() => Int, { description: 'Customers, as `Segment.size`.' })
  size!: number;
  @Field(() => Float, { description: 'Of all customers in segments, 0..1.' })
  share!: number;
  @Field(() => QuadrantEnum, { description: 'What to do with them.' })
  quadrant!: Quadrant;
  @Field(() => SegmentType, { description: 'The segment.' })
  segment!: SegmentType;
}
