import { Field, Float, Int, ObjectType } from 'type-graphql';
import { MetricType } from '../evaluation.type.js';

@ObjectType('SliceMetric', {
  simpleResolvers: true,
  description: 'How a version does on the test rows that have a value; of at least 30 rows.',
})
export class SliceMetricType {
  @Field(() => String, { description: 'What rows are cut by: an attribute, or month.' })
  dimension!: string;
  @Field(() => String, { description: 'The value they share; empty where it is not known.' })
  value!: string;
  @Field(() => Int, { description: 'Test rows.' })
  rows!: number;
  @Field(() => Int, { description: 'Positive ones among them.' })
  positives!: number;
  @Field(() => [MetricType], { description: 'auc, precision, recall and logLoss.' })
  metrics!: MetricType[];
  @Field(() => Boolean, {
    description:
      'True for the lowest AUC among those that are lower than the AUC of all other rows by more than chance (5 % over all slices); maybe of none.',
  })
  worst!: boolean;
}

@ObjectType('ThresholdChoice', {
  simpleResolvers: true,
  description:
    'A threshold found on the training part, and what it gets and costs on the test part.',
})
export class ThresholdChoiceType {
  @Field(() => String, { description: 'How it was found, such as f1 or precision >= 0.8.' })
  rule!: string;
  @Field(() => Float, { description: 'Positive from this probability on, 0..1.' })
  threshold!: number;
  @Field(() => Float, { nullable: true, description: 'Null where nobody is called positive.' })
  precision!: number | null;
  @Field(() => Float, { nullable: true, description: 'Null where nobody is positive.' })
  recall!: number | null;
  @Field(() => Float, { nullable: true, description: 'Null where nobody is positive.' })
  f1!: number | null;
  @Field(() => Float, { description: 'Share called positive, 0..1.' })
  positiveRate!: number;
  @Field(() => Float, { description: 'Over the test part, with the costs of the spec.' })
  totalCost!: number;
  @Field(() => Boolean, { description: "True for the version's own." })
  chosen!: boolean;
  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the precision asked for was reached on the rows it was looked for on; where not, this is the highest. Null where none is asked for.',
  })
  reached?: boolean | null | undefined;
}

@ObjectType('FairnessGroup', {
  simpleResolvers: true,
  description: 'Rates of a group at the threshold, on at least 30 test rows.',
})
export class FairnessGroupType {
  @Field(() => String, { description: 'The value they share; empty where it is not known.' })
  value!: string;
  @Field(() => Int, { description: 'Test rows.' })
  rows!: number;
  @Field(() => Float, { description: 'Share called positive, 0..1.' })
  positiveRate!: number;
  @Field(() => Float, { nullable: true, description: 'Null without positive rows.' })
  truePositiveRate!: number | null;
  @Field(() => Float, { nullable: true, description: 'Null without negative rows.' })
  falsePositiveRate!: number | null;
}

@ObjectType('Fairness', {
  simpleResolvers: true,
  description:
    'How the groups of an attribute compare; an unknown value takes no part in the gaps.',
})
export class FairnessType {
  @Field(() => String, { description: 'The attribute.' })
  attribute!: string;
  @Field(() => [FairnessGroupType], { description: 'Its groups, the largest first; at most 50.' })
  groups!: FairnessGroupType[];
  @Field(() => Float, {
    nullable: true,
    description:
      'Largest minus smallest share called positive (demographic parity); null with fewer than two groups.',
  })
  parityGap!: number | null;
  @Field(() => Float, {
    nullable: true,
    description:
      'Largest minus smallest true positive rate (equal opportunity); null with fewer than two groups.',
  })
  opportunityGap!: number | null;
}

@ObjectType('RuleCheck', {
  simpleResolvers: true,
  description: 'A business rule on who must not be called positive, held against the test part.',
})
export class RuleCheckType {
  @Field(() => String, { description: 'Its name in the spec.' })
  name!: string;
  @Field(() => Int, { description: 'Test rows it covers.' })
  rows!: number;
  @Field(() => Int, { description: 'Those called positive all the same.' })
  violations!: number;
  @Field(() => Float, { description: 'Share of them that is allowed, 0..1.' })
  tolerance!: number;
  @Field(() => Boolean, {
    description: 'True when a violation keeps the version out of PRODUCTION.',
  })
  veto!: boolean;
  @Field(() => Boolean, { description: 'False also where the rule names what is no input.' })
  met!: boolean;
  @Field(() => [String], {
    nullable: true,
    description:
      'Features it names that are no inputs of the version, so that it cannot be checked.',
  })
  unknownFeatures!: string[] | null;
}

@ObjectType('Calibration', {
  simpleResolvers: true,
  description: 'Platt scaling out of fold: margin = intercept + slope x raw margin.',
})
export class CalibrationType {
  @Field(() => Float, { description: '1 changes nothing.' })
  slope!: number;
  @Field(() => Float, { description: 'In log-odds.' })
  intercept!: number;
  @Field(() => Float, { description: 'Out of fold, without it.' })
  logLossBefore!: number;
  @Field(() => Float, { description: 'Out of fold, with it.' })
  logLossAfter!: number;
  @Field(() => Boolean, { description: 'True when it is part of the version.' })
  applied!: boolean;
}

@ObjectType('BlendShare', { simpleResolvers: true, description: 'A member of a blend.' })
export class BlendShareType {
  @Field(() => String, { description: 'Its algorithm.' })
  algorithm!: string;
  @Field(() => Float, { description: 'What its log-odds are multiplied by.' })
  weight!: number;
}

@ObjectType('CauseReason', {
  simpleResolvers: true,
  description: 'What a feature adds to the scores of a group, in log-odds.',
})
export class CauseReasonType {
  @Field(() => String, { description: 'Name of the feature.' })
  feature!: string;
  @Field(() => Float, { description: 'Mean over the group; positive raises the probability.' })
  meanContribution!: number;
  @Field(() => Float, { description: 'Mean of the absolute contributions.' })
  meanAbsoluteContribution!: number;
}

@ObjectType('Cause', {
  simpleResolvers: true,
  description: 'Why a group scores as it does.',
})
export class CauseType {
  @Field(() => String, { description: 'What rows are cut by: risk, an attribute, or month.' })
  dimension!: string;
  @Field(() => String, { description: 'The value they share; empty where it is not known.' })
  value!: string;
  @Field(() => Int, { description: 'Test rows explained: at most 2,000 over all, evenly spaced.' })
  rows!: number;
  @Field(() => [CauseReasonType], {
    description: 'The five features with the largest absolute mean contribution.',
  })
  reasons!: CauseReasonType[];
}
