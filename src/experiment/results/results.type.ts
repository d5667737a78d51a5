import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { MetricType } from '../../model/evaluation.type.js';
import type { VariantNode } from '../experiment-nodes.js';
import { VariantType } from '../experiment.type.js';
import type { Comparison, Decision as DecisionName } from './results.js';

export const Decision: { [D in DecisionName]: D } = {
  SHIP: 'SHIP',
  ROLL_BACK: 'ROLL_BACK',
  KEEP_RUNNING: 'KEEP_RUNNING',
  INCONCLUSIVE: 'INCONCLUSIVE',
};

registerEnumType(Decision, {
  name: 'Decision',
  description: 'What the results advise; nothing is done by itself.',
  valuesConfig: {
    SHIP: { description: 'A treatment is better, and worse in nothing.' },
    ROLL_BACK: { description: 'A treatment is worse, in the primary metric or a guardrail.' },
    KEEP_RUNNING: { description: 'Not enough is known yet.' },
    INCONCLUSIVE: { description: 'Over without a difference, or the arms cannot be compared.' },
  },
});

export const ComparisonVerdict: { [V in NonNullable<Comparison['verdict']>]: V } = {
  BETTER: 'BETTER',
  WORSE: 'WORSE',
};

registerEnumType(ComparisonVerdict, {
  name: 'ComparisonVerdict',
  description: 'What a significant difference means.',
  valuesConfig: {
    BETTER: { description: 'The treatment does better.' },
    WORSE: { description: 'The treatment does worse.' },
  },
});

@ObjectType('VariantResult', { simpleResolvers: true, description: 'An arm so far.' })
export class VariantResultType {
  @Field(() => VariantType, { description: 'The arm.' })
  variant!: VariantNode;
  @Field(() => Int, { description: 'Customers who were told it.' })
  users!: number;
  @Field(() => Int, { description: 'How often it was told.' })
  exposures!: number;
  @Field(() => Int, {
    description:
      'Of the primary metric: customers who did it (share), events (count, sum), events with a value (mean), predictions whose outcome is known (model).',
  })
  outcomes!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'The primary metric; null where nothing was measured.',
  })
  mean!: number | null;
  @Field(() => Float, { nullable: true, description: 'Lower end of its 95 % interval.' })
  low!: number | null;
  @Field(() => Float, { nullable: true, description: 'Upper end of its 95 % interval.' })
  high!: number | null;
  @Field(() => [MetricType], {
    description:
      'The primary metric and the guardrails, by name, as measured live; what was not measured is left out.',
  })
  metrics!: MetricType[];
}

@ObjectType('Comparison', {
  simpleResolvers: true,
  description: 'A treatment against the control in one metric.',
})
export class ComparisonType {
  @Field(() => String, { description: 'The primary metric or a guardrail.' })
  metric!: string;
  @Field(() => VariantType, { description: 'The arm it is compared with.' })
  control!: VariantNode;
  @Field(() => VariantType, { description: 'The other arm.' })
  treatment!: VariantNode;
  @Field(() => Float, { description: 'Treatment minus control, in the unit of the metric.' })
  difference!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'The difference over the figure of the control; null where that is 0.',
  })
  relativeLift!: number | null;
  @Field(() => Float, {
    description:
      'Lower end of the 95 % interval of the difference, for a horizon fixed beforehand.',
  })
  low!: number;
  @Field(() => Float, { description: 'Upper end of it.' })
  high!: number;
  @Field(() => Float, {
    description: '0..1, two-sided; valid when looked at once, at a time fixed beforehand.',
  })
  pValue!: number;
  @Field(() => Float, { description: 'Valid however often it is looked at.' })
  sequentialPValue!: number;
  @Field(() => Float, {
    description: 'The sequential p-value adjusted for the number of treatments (Holm).',
  })
  adjustedPValue!: number;
  @Field(() => Float, {
    description: 'Lower end of a 95 % interval that is valid however often it is looked at.',
  })
  sequentialLow!: number;
  @Field(() => Float, { description: 'Upper end of it.' })
  sequentialHigh!: number;
  @Field(() => Boolean, { description: 'Whether the adjusted sequential p-value is below 0.05.' })
  significant!: boolean;
  @Field(() => ComparisonVerdict, {
    nullable: true,
    description: 'What it means; null where it is not significant.',
  })
  verdict!: Comparison['verdict'];
  @Field(() => String, {
    description:
      'Two-proportion z, Welch t, Welch t with CUPED, ratio of means by the delta method, AUC by DeLong, F1 by the delta method.',
  })
  method!: string;
  @Field(() => Float, {
    nullable: true,
    description:
      'Share of the variance that the time before the experiment explains, 0..1; null without CUPED.',
  })
  varianceReduction!: number | null;
}

@ObjectType('SampleRatioCheck', {
  simpleResolvers: true,
  description: 'Whether the arms hold the customers they were to hold: chi-square.',
})
export class SampleRatioCheckType {
  @Field(() => Float, { description: 'Chance of shares as far from the planned ones, 0..1.' })
  pValue!: number;
  @Field(() => Boolean, { description: 'Whether it is below 0.001.' })
  mismatch!: boolean;
}

@ObjectType('ArmDisagreement', {
  simpleResolvers: true,
  description: 'How far arms that are model versions say different things of the same customers.',
})
export class ArmDisagreementType {
  @Field(() => Int, { description: 'Customers whom both were asked about.' })
  users!: number;
  @Field(() => Float, { description: 'Share of them with different verdicts, 0..1.' })
  share!: number;
  @Field(() => Float, { description: 'Mean distance of the two probabilities, 0..1.' })
  meanAbsoluteDifference!: number;
}

@ObjectType('ExperimentResults', {
  simpleResolvers: true,
  description: 'What an experiment has shown.',
})
export class ExperimentResultsType {
  @Field(() => DateTime, { description: 'When it was looked at.' })
  asOf!: Date;
  @Field(() => DateTime, {
    description: 'Events before it count: now, or the end of the experiment.',
  })
  until!: Date;
  @Field(() => [VariantResultType], { description: 'The arms, in their order.' })
  variants!: VariantResultType[];
  @Field(() => [ComparisonType], {
    description:
      'Treatments against the control, the primary metric first; what cannot be compared yet is in `waitingFor`.',
  })
  comparisons!: ComparisonType[];
  @Field(() => SampleRatioCheckType, { description: 'Against the weights of the arms.' })
  sampleRatio!: SampleRatioCheckType;
  @Field(() => Decision, { description: 'What they advise.' })
  decision!: DecisionName;
  @Field(() => VariantType, { nullable: true, description: 'The arm to ship; null without one.' })
  winner!: VariantNode | null;
  @Field(() => String, { description: 'Why, in words, with the figures.' })
  reason!: string;
  @Field(() => [String], { description: 'What is missing to compare, in words.' })
  waitingFor!: string[];
  @Field(() => ArmDisagreementType, {
    nullable: true,
    description: 'Null where the arms are no model versions, or none was asked beside another.',
  })
  disagreement!: ArmDisagreementType | null;
}
