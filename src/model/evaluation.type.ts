import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { JsonObject } from '../graphql/scalars.js';

export const Split = {
  TRAIN: 'TRAIN',
  VALIDATION: 'VALIDATION',
  TEST: 'TEST',
  CROSS_VALIDATION: 'CROSS_VALIDATION',
  LIVE: 'LIVE',
} as const;

registerEnumType(Split, {
  name: 'Split',
  description: 'Which rows a metric was measured on.',
  valuesConfig: {
    TRAIN: { description: 'The rows it was fitted on.' },
    VALIDATION: { description: 'Rows used to stop early.' },
    TEST: { description: 'Held-out rows, seen once.' },
    CROSS_VALIDATION: { description: 'Mean over the folds of the training part.' },
    LIVE: { description: 'Predictions given, once their outcome was known.' },
  },
});

@ObjectType('Metric', { simpleResolvers: true, description: 'A figure of merit on some rows.' })
export class MetricType {
  @Field(() => String, { description: 'auc, logLoss, brier, precision, recall, f1, accuracy, …' })
  name!: string;
  @Field(() => Split, { description: 'Which rows.' })
  split!: keyof typeof Split;
  @Field(() => Float, { description: 'Its value; shares and AUC are 0..1.' })
  value!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'Lower end of its 95 % confidence interval, where one was computed: on the test part.',
  })
  low?: number | null | undefined;
  @Field(() => Float, { nullable: true, description: 'Upper end of the interval.' })
  high?: number | null | undefined;
}

@ObjectType('ConfusionMatrix', {
  simpleResolvers: true,
  description: 'Counts of the test part at the threshold.',
})
export class ConfusionMatrixType {
  @Field(() => Int, { description: 'Positive, and called so.' })
  truePositives!: number;
  @Field(() => Int, { description: 'Negative, but called positive.' })
  falsePositives!: number;
  @Field(() => Int, { description: 'Positive, but called negative.' })
  falseNegatives!: number;
  @Field(() => Int, { description: 'Negative, and called so.' })
  trueNegatives!: number;
}

@ObjectType('TargetCheck', {
  simpleResolvers: true,
  description: 'A goal of the spec, and whether the test part met it.',
})
export class TargetCheckType {
  @Field(() => String, { description: 'Name of the metric.' })
  metric!: string;
  @Field(() => Float, { description: 'The bound.' })
  goal!: number;
  @Field(() => Float, { description: 'Measured on the test part.' })
  value!: number;
  @Field(() => Boolean, { description: 'True when the goal is reached.' })
  met!: boolean;
}

@ObjectType('CurvePoint', {
  simpleResolvers: true,
  description: 'A point of a plot; x and y are 0..1.',
})
export class CurvePointType {
  @Field(() => Float, {
    description: 'ROC: false positive rate; PR: recall; calibration: predicted.',
  })
  x!: number;
  @Field(() => Float, {
    description: 'ROC: true positive rate; PR: precision; calibration: observed.',
  })
  y!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Probability that gives the point; null where none does.',
  })
  threshold!: number | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Test rows behind a point of the calibration curve; null of other curves.',
  })
  count?: number | null | undefined;
}

@ObjectType('FeatureImportance', {
  simpleResolvers: true,
  description: 'How much a feature does in a version.',
})
export class FeatureImportanceType {
  @Field(() => String, { description: 'Name of the feature.' })
  feature!: string;
  @Field(() => Float, { description: 'Share of the total gain (trees) or weight (linear), 0..1.' })
  gain!: number;
  @Field(() => Float, { description: 'Mean absolute contribution to a score, in log-odds.' })
  meanAbsoluteContribution!: number;
  @Field(() => Int, { description: '1 is the most important.' })
  rank!: number;
}

@ObjectType('Trial', { simpleResolvers: true, description: 'One candidate of the search.' })
export class TrialType {
  @Field(() => String, { description: 'Its algorithm, such as logistic or boosting.' })
  algorithm!: string;
  @Field(() => JsonObject, { description: 'What was set.' })
  hyperparameters!: Record<string, unknown>;
  @Field(() => [MetricType], { description: 'Means over the folds it ran on.' })
  metrics!: MetricType[];
  @Field(() => Float, { description: 'Wall time in seconds.' })
  seconds!: number;
  @Field(() => Boolean, { description: 'True for the one the version was fitted with.' })
  chosen!: boolean;
}

@ObjectType('CostReport', {
  simpleResolvers: true,
  description: 'What the answers on the test part would have cost and saved.',
})
export class CostReportType {
  @Field(() => Float, { description: 'Sum over the test part.' })
  totalCost!: number;
  @Field(() => Float, { description: 'Mean over the test part.' })
  costPerPrediction!: number;
  @Field(() => Float, { description: 'True positives times what each saves.' })
  preventedLoss!: number;
  @Field(() => Float, {
    nullable: true,
    description: '(prevented loss - total cost) / total cost; null when nothing is spent.',
  })
  returnOnInvestment!: number | null;
  @Field(() => Float, { description: 'Threshold with the least cost minus prevented loss, 0..1.' })
  bestThreshold!: number;
}

@ObjectType('Artifact', { simpleResolvers: true, description: 'The ONNX file of a version.' })
export class ArtifactType {
  @Field(() => String, { description: 'SHA-256 of the bytes, hex; its identity everywhere.' })
  sha256!: string;
  @Field(() => Int, { description: 'Size in bytes.' })
  bytes!: number;
  @Field(() => Int, { description: 'ONNX operator set.' })
  opset!: number;
  @Field(() => String, { description: 'Where it runs here: cpu, cuda or webgpu.' })
  provider!: string;
  @Field(() => Boolean, { description: 'True when it was trained elsewhere and uploaded.' })
  uploaded!: boolean;
}

@ObjectType('IgnoredFeature', {
  simpleResolvers: true,
  description: 'A candidate that told no rows apart, or said what another says, and was left out.',
})
export class IgnoredFeatureType {
  @Field(() => String, { description: 'Name of the feature.' })
  feature!: string;
  @Field(() => String, { description: 'CONSTANT, ALL_MISSING or TWIN.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Of a TWIN: the feature that says the same.',
  })
  of!: string | null;
}
