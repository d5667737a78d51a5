import { FeatureBinType } from '../feature/feature-statistics.type.js';
import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';
import type { EdaDataset as Dataset } from './eda.js';

export const EdaDataset = { CUSTOMERS: 'CUSTOMERS', EVENTS: 'EVENTS' } as const;

registerEnumType(EdaDataset, {
  name: 'EdaDataset',
  description: 'What a row of the data set is.',
  valuesConfig: {
    CUSTOMERS: { description: 'A customer; columns are the approved features.' },
    EVENTS: { description: 'An event; columns are those of the table.' },
  },
});

@ObjectType('FeatureCorrelation', { simpleResolvers: true, description: 'Two features.' })
export class FeatureCorrelationType {
  @Field(() => String, { description: 'Name of a feature.' })
  a!: string;
  @Field(() => String, { description: 'Name of the other.' })
  b!: string;
  @Field(() => Float, { description: "Pearson's r, -1..1, over pairs where both are known." })
  r!: number;
  @Field(() => Int, { description: 'Such pairs.' })
  n!: number;
}

@ObjectType('CorrelationMatrix', { simpleResolvers: true, description: 'Every pair of features.' })
export class CorrelationMatrixType {
  @Field(() => [String], { description: 'Rows and columns, by name; at most 100.' })
  names!: string[];
  @Field(() => [Float], {
    nullable: 'items',
    description:
      "Pearson's r, -1..1, row by row: that of names i and j is at i x (number of names) + j. Null where a side is constant or under 3 pairs are known.",
  })
  values!: (number | null)[];
}

@ObjectType('ChurnCohort', { simpleResolvers: true, description: 'Who registered in a month.' })
export class ChurnCohortType {
  @Field(() => DateTime, { description: 'First of the month, UTC.' })
  month!: Date;
  @Field(() => Int, { description: 'Customers who registered in it.' })
  customers!: number;
  @Field(() => Int, { description: 'Of these, with a label.' })
  labelled!: number;
  @Field(() => Int, { description: 'Of these, with a positive one.' })
  positive!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'positive / labelled, 0..1; null without any.',
  })
  share!: number | null;
}

@ObjectType('ActivityDay', { simpleResolvers: true, description: 'A day.' })
export class ActivityDayType {
  @Field(() => DateTime, { description: 'Midnight (UTC) at its start.' })
  day!: Date;
  @Field(() => Int, { description: 'Events on it; days without one are left out.' })
  events!: number;
}

@ObjectType('ActivityHour', { simpleResolvers: true, description: 'An hour of the week.' })
export class ActivityHourType {
  @Field(() => Int, { description: 'ISO weekday (UTC), 1 = Monday.' })
  weekday!: number;
  @Field(() => Int, { description: 'Hour (UTC), 0..23.' })
  hour!: number;
  @Field(() => Int, { description: 'Events in it; hours without one are left out.' })
  events!: number;
}

@ObjectType('ActivityHistogram', {
  simpleResolvers: true,
  description: 'When events happen: the 90 days before `asOf`.',
})
export class ActivityHistogramType {
  @Field(() => [ActivityDayType], { description: 'At most 91 days, oldest first.' })
  byDay!: ActivityDayType[];
  @Field(() => [ActivityHourType], { description: 'At most 168 hours, Monday first.' })
  byHour!: ActivityHourType[];
}

@ObjectType('FeatureHistogram', { simpleResolvers: true, description: 'Values of a feature.' })
export class FeatureHistogramType {
  @Field(() => String, { description: 'Name of the feature.' })
  feature!: string;
  @Field(() => Int, { description: 'Sampled customers without a value.' })
  missing!: number;
  @Field(() => [FeatureBinType], { description: 'Bins of equal width; one where all are equal.' })
  bins!: FeatureBinType[];
}

@ObjectType('EdaReport', {
  description:
    'A data set as of an instant, ready to plot. Features are of an even sample of at most 10,000 customers who agreed to profiling, read with one statement.',
})
export class EdaReportType {
  @Field(() => EdaDataset, { description: 'What a row is.' })
  dataset!: Dataset;
  @Field(() => String, { description: 'The model whose labels count.' })
  model!: string;
  @Field(() => DateTime, { description: 'Only events before it count.' })
  asOf!: Date;
}
