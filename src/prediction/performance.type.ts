import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';
import { MetricType } from '../model/evaluation.type.js';

export const PerformanceStep = { DAY: 'DAY', MONTH: 'MONTH' } as const;

registerEnumType(PerformanceStep, {
  name: 'PerformanceStep',
  description: 'Which scores make one point of a series.',
  valuesConfig: {
    DAY: { description: 'Those of a day, UTC.' },
    MONTH: { description: 'Those of a month, UTC.' },
  },
});

@ObjectType('PerformancePoint', {
  simpleResolvers: true,
  description: 'How a model did in a day or month, judged by what came of it since.',
})
export class PerformancePointType {
  @Field(() => DateTime, { description: 'Start of the day or month, by when it was scored.' })
  at!: Date;
  @Field(() => String, {
    nullable: true,
    description:
      'Value of the attribute the series was cut by; null without a cut, for customers without a value, and for who opted out.',
  })
  slice!: string | null;
  @Field(() => [MetricType], {
    description:
      'auc, logLoss, brier, accuracy, precision, recall, f1 and prevalence of the labelled ones, split LIVE; no auc where a class is missing, none without labels.',
  })
  metrics!: MetricType[];
  @Field(() => Int, { description: 'Scores whose outcome is known by now.' })
  labelled!: number;
  @Field(() => Int, { description: 'Scores the model gave.' })
  predictions!: number;
}
