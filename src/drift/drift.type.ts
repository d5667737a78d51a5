import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import type {
  DriftAction as Action,
  DriftLevel as Level,
  ReferenceSource as Source,
} from './drift.js';

export const DriftLevel = { NONE: 'NONE', MODERATE: 'MODERATE', SEVERE: 'SEVERE' } as const;
registerEnumType(DriftLevel, {
  name: 'DriftLevel',
  description: 'How far a distribution has moved; what the size of the windows explains is none.',
  valuesConfig: {
    NONE: { description: 'PSI below 0.1, and no other figure says more.' },
    MODERATE: {
      description: 'PSI 0.1..0.25, or a Kolmogorov-Smirnov statistic above 0.1.',
    },
    SEVERE: {
      description:
        'PSI of 0.25 and more; or moderate, and the mean jumped by over half a standard deviation or the variance by over a factor of 2.',
    },
  },
});

export const DriftAction = { NONE: 'NONE', ALERTED: 'ALERTED', RETRAINING: 'RETRAINING' } as const;
registerEnumType(DriftAction, {
  name: 'DriftAction',
  description: 'What was done about it.',
  valuesConfig: {
    NONE: { description: 'Nothing had to be done.' },
    ALERTED: {
      description:
        'Drift, and no training: drift asked for one in the last day, or nothing can be learnt.',
    },
    RETRAINING: { description: 'One training was asked for, or waited already: see `retraining`.' },
  },
});

export const DriftReferenceSource = {
  TRAINING: 'TRAINING',
  RESET: 'RESET',
  WINDOW: 'WINDOW',
  FIRST_WINDOW: 'FIRST_WINDOW',
} as const;
registerEnumType(DriftReferenceSource, {
  name: 'DriftReferenceSource',
  description: 'What windows of a version are compared with.',
  valuesConfig: {
    TRAINING: { description: 'What it was trained on.' },
    RESET: { description: 'The window of the last reset.' },
    WINDOW: { description: 'A window that was named.' },
    FIRST_WINDOW: {
      description: 'Nothing was kept for the version: the first window that was looked at.',
    },
  },
});

const SHARE = '0..1';

@ObjectType('HistogramBin', { simpleResolvers: true, description: 'One bin of both windows.' })
export class HistogramBinType {
  @Field(() => String, { description: 'Its range or category, for people.' })
  label!: string;
  @Field(() => Float, {
    nullable: true,
    description: 'Lower bound, which belongs to it; null where it is open, and for categories.',
  })
  low!: number | null;
  @Field(() => Float, { nullable: true, description: 'Upper bound, which does not belong to it.' })
  high!: number | null;
  @Field(() => Float, { description: `Share of the reference's rows with a value, ${SHARE}.` })
  reference!: number;
  @Field(() => Float, { description: `Share of the current rows with a value, ${SHARE}.` })
  current!: number;
}

@ObjectType('FeatureDrift', {
  simpleResolvers: true,
  description: 'How the distribution of a feature, of the scores or of the labels has moved.',
})
export class FeatureDriftType {
  @Field(() => String, { description: 'Name of the feature; `score` and `label` for the others.' })
  feature!: string;
  @Field(() => Float, {
    description: 'Population stability index between the deciles of the reference, >= 0.',
  })
  psi!: number;
  @Field(() => Float, {
    nullable: true,
    description: `Kolmogorov-Smirnov statistic, ${SHARE}; null for categories.`,
  })
  ks!: number | null;
  @Field(() => Float, { nullable: true, description: 'Its two-sided p-value.' })
  ksPValue!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Chi-square of the bins or categories; null where there are fewer than two.',
  })
  chiSquare!: number | null;
  @Field(() => Float, { nullable: true, description: 'Its p-value.' })
  chiSquarePValue!: number | null;
  @Field(() => Float, { description: `Share of the reference's rows without a value, ${SHARE}.` })
  missingReference!: number;
  @Field(() => Float, { description: `Share of the current rows without a value, ${SHARE}.` })
  missingCurrent!: number;
  @Field(() => Float, {
    nullable: true,
    description: 'Mean of the reference; null for categories.',
  })
  meanReference!: number | null;
  @Field(() => Float, { nullable: true, description: 'Mean of the current window.' })
  meanCurrent!: number | null;
  @Field(() => Float, { nullable: true, description: 'Standard deviation of the reference.' })
  deviationReference!: number | null;
  @Field(() => Float, { nullable: true, description: 'Standard deviation of the current window.' })
  deviationCurrent!: number | null;
  @Field(() => Float, {
    description: `What it does to the score: its share of the mean absolute contributions, ${SHARE}; 1 for scores and labels.`,
  })
  weight!: number;
  @Field(() => DriftLevel, { description: 'How far it has moved.' })
  level!: Level;
  @Field(() => [HistogramBinType], {
    description: 'Both windows, bin by bin; at most 30, the rarest categories together.',
  })
  histogram!: readonly HistogramBinType[];
}

@ObjectType('ConceptDrift', {
  simpleResolvers: true,
  description:
    'How often the version is right: the newer half of its newest 1,000 labelled scores against the older half; where labels are late, as its scores expect of themselves.',
})
export class ConceptDriftType {
  @Field(() => String, {
    description: '`accuracy`, or `estimated_accuracy` where labels are late.',
  })
  metric!: string;
  @Field(() => Float, { description: `Before, ${SHARE}.` })
  reference!: number;
  @Field(() => Float, { description: `Now, ${SHARE}.` })
  current!: number;
  @Field(() => Float, { description: 'reference - current: above 0 is worse.' })
  difference!: number;
  @Field(() => Float, { description: `The difference over 0.1, at most 1; 0 where it is better.` })
  confidence!: number;
  @Field(() => Boolean, { description: 'Whether it fell by more than 0.1, and not by chance.' })
  detected!: boolean;
  @Field(() => Int, { description: 'Scores that were looked at.' })
  window!: number;
}

@ObjectType('DriftReport', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A comparison of two windows of the inputs, scores and labels of a model version.',
})
export class DriftReportType extends NodeInterface {
  @Field(() => DateTime, { description: 'Where the reference begins.' })
  referenceFrom!: Date;
  @Field(() => DateTime, { description: 'Where it ends.' })
  referenceUntil!: Date;
  @Field(() => DriftReferenceSource, { description: 'Where the reference comes from.' })
  referenceSource!: Source;
  @Field(() => DateTime, {
    description:
      'Where the current window begins; the end of the reference where everybody was looked at.',
  })
  currentFrom!: Date;
  @Field(() => DateTime, { description: 'Where it ends; features are as of this instant.' })
  currentUntil!: Date;
  @Field(() => Int, { description: 'Customers in the reference.' })
  referenceRows!: number;
  @Field(() => Int, { description: 'Customers in the current window.' })
  currentRows!: number;
  @Field(() => [FeatureDriftType], {
    description: 'Every input of the version, in its order; none is left out for being quiet.',
  })
  features!: readonly FeatureDriftType[];
  @Field(() => FeatureDriftType, { nullable: true, description: 'The scores.' })
  prediction!: FeatureDriftType | null;
  @Field(() => FeatureDriftType, {
    nullable: true,
    description: 'The labels; null where none are known of one of the windows.',
  })
  label!: FeatureDriftType | null;
  @Field(() => ConceptDriftType, {
    nullable: true,
    description: 'How often it is right; null where nothing tells.',
  })
  concept!: ConceptDriftType | null;
  @Field(() => Boolean, {
    description:
      'Whether consequence is 0.1 or more, scores or labels moved severely, or it is right less often.',
  })
  drifted!: boolean;
  @Field(() => Float, { description: `Share of the features that moved severely, ${SHARE}.` })
  driftedShare!: number;
  @Field(() => Float, {
    description: `Drift weighted by what each feature does to the score: the sum of weight x min(1, PSI / 0.25) over those that moved, ${SHARE}.`,
  })
  consequence!: number;
  @Field(() => Float, {
    nullable: true,
    description:
      'Share by which accuracy fell against that of the reference, 0.05 = 5 %, negative where it rose; null without labelled scores.',
  })
  accuracyFall!: number | null;
  @Field(() => DriftAction, { description: 'What was done.' })
  action!: Action;
  @Field(() => String, { description: 'What verdict and action rest on, in words.' })
  because!: string;
  @Field(() => DateTime, { description: 'When it was written.' })
  createdAt!: Date;
}

@ObjectType('DriftReportConnection', {
  simpleResolvers: true,
  description: 'Reports, newest first.',
})
export class DriftReportConnectionType {
  @Field(() => [DriftReportType], { description: 'The reports of this page.' })
  nodes!: DriftReportType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

@ObjectType('DriftReference', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'What windows of a version are compared with: distributions, no row of anybody.',
})
export class DriftReferenceType extends NodeInterface {
  @Field(() => DriftReferenceSource, { description: 'Where it comes from.' })
  source!: Source;
  @Field(() => Int, { description: 'Customers it was made from.' })
  rows!: number;
  @Field(() => DateTime, { description: 'Where its window begins.' })
  windowFrom!: Date;
  @Field(() => DateTime, { description: 'Where it ends.' })
  windowUntil!: Date;
  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
  @Field(() => String, { description: 'Who asked for it.' })
  createdBy!: string;
}

@InputType('DetectDriftInput', {
  description:
    'Which windows to compare; a window is [from, until), without a from it is everybody.',
})
export class DetectDriftInputType {
  @Field(() => String, {
    description: 'Name of the model; its version in production is looked at.',
  })
  model!: string;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Customers with an event or registered from here on; needs referenceUntil.',
  })
  referenceFrom?: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'End of the reference, before the current window; what was kept at the training when left out.',
  })
  referenceUntil?: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'Customers with an event or registered from here on; when left out everybody, or for a model that learns from behaviour those who would be in a training.',
  })
  currentFrom?: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'End of the current window, not in the future; now when left out.',
  })
  currentUntil?: Date | null;
}
