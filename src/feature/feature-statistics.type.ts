import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { CalendarDay, DateTime } from '../graphql/scalars.js';
import { CategoryCountType, NumericSummaryType } from './feature.type.js';
import type { FeatureReport, NumericSummary, Outliers } from './feature-statistics.js';
import type { FeatureDay } from './feature-statistics.store.js';

export const OutlierMethod = { IQR_1_5: 'IQR_1_5', SIGMA_3: 'SIGMA_3' } as const;

registerEnumType(OutlierMethod, {
  name: 'FeatureOutlierMethod',
  description: 'How outliers of a feature are told from usual values.',
  valuesConfig: {
    IQR_1_5: { description: 'More than 1.5 interquartile ranges outside the quartiles.' },
    SIGMA_3: { description: 'More than 3 standard deviations from the mean.' },
  },
});

@ObjectType('FeatureOutliers', {
  simpleResolvers: true,
  description: 'Values outside a fence, which winsorising would clip to it.',
})
export class FeatureOutliersType {
  @Field(() => OutlierMethod, { description: 'How the fence is found.' })
  method!: keyof typeof OutlierMethod;
  @Field(() => Float, { description: 'Lower end of the fence, itself inside.' })
  low!: number;
  @Field(() => Float, { description: 'Upper end of the fence, itself inside.' })
  high!: number;
  @Field(() => Int, { description: 'Values below the fence.' })
  below!: number;
  @Field(() => Int, { description: 'Values above the fence.' })
  above!: number;
  @Field(() => Float, { description: 'Of the values that are there, 0..1.' })
  share!: number;
}

@ObjectType('FeatureBin', {
  simpleResolvers: true,
  description: 'A bar of a histogram: `low` up to but without `high`; the last one with it.',
})
export class FeatureBinType {
  @Field(() => Float, { description: 'Lower edge, in the unit of the feature.' })
  low!: number;
  @Field(() => Float, { description: 'Upper edge, in the unit of the feature.' })
  high!: number;
  @Field(() => Int, { description: 'Customers.' })
  count!: number;
}

@ObjectType('FeatureDay', {
  simpleResolvers: true,
  description:
    'Distribution of a feature on a day, over the customers who agreed to profiling (an even sample of 200,000 where there are more).',
})
export class FeatureDayType {
  @Field(() => CalendarDay, { description: 'The day of `asOf`.' })
  day!: string;
  @Field(() => DateTime, { description: 'Only events before this instant counted.' })
  asOf!: Date;
  @Field(() => DateTime, { description: 'When it was computed, wall time.' })
  computedAt!: Date;
  @Field(() => Int, { description: 'Customers looked at.' })
  rows!: number;
  @Field(() => Int, { description: 'Customers without a value.' })
  missing!: number;
  @Field(() => Float, { nullable: true, description: '0..1; null without a customer.' })
  missingShare!: number | null;
  @Field(() => NumericSummaryType, { nullable: true, description: 'Of a number; else null.' })
  summary!: NumericSummary | null;
  @Field(() => [FeatureBinType], {
    description: 'Of a number: at most 30 bars of equal width (Freedman and Diaconis), ascending.',
  })
  histogram!: FeatureReport['histogram'];
  @Field(() => [CategoryCountType], {
    description: 'Of a text or boolean: the 50 most frequent, missing counted as one.',
  })
  categories!: FeatureReport['categories'];
  @Field(() => [FeatureOutliersType], {
    description: 'Of a number with two values or more: by each method.',
  })
  outliers!: FeatureOutliersType[];
}

@ObjectType('ProfileRun', {
  simpleResolvers: true,
  description: 'What a job that computed distributions of features did.',
})
export class ProfileRunType {
  @Field(() => Int, { description: 'Versions of features looked at.' })
  featureCount!: number;
  @Field(() => Int, { description: 'Customers looked at, at most 200,000.' })
  customers!: number;
  @Field(() => Int, { description: 'Features registered because their bounds could be fitted.' })
  fitted!: number;
  @Field(() => Float, { description: 'Wall time of the last attempt, in seconds.' })
  seconds!: number;
}

/** A stored distribution as the graph shows it. */
export function toFeatureDay(day: FeatureDay): FeatureDayType {
  const { rows, missing } = day;
  const present = rows - missing;
  return {
    day: day.day,
    asOf: day.asOf,
    computedAt: day.computedAt,
    rows,
    missing,
    missingShare: rows > 0 ? missing / rows : null,
    summary: day.summary,
    histogram: day.histogram,
    categories: day.categories,
    outliers: day.outliers.map((each) => ({ ...each, share: shareOf(each, present) })),
  };
}

function shareOf({ below, above }: Outliers, present: number): number {
  return present > 0 ? (below + above) / present : 0;
}
