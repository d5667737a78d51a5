import { Field, Float, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FeatureStatus, FeatureType } from '../feature/feature.type.js';
import type { FeatureStatus as Status } from '../feature/feature.js';
import { NodeInterface } from '../graphql/node.type.js';
import { DateTime } from '../graphql/scalars.js';
import { LabelSource } from './model.type.js';
import type { LeftOutFeature, SelectionMethod as Method } from './selection.js';

export const SelectionMethod = {
  CORRELATION: 'CORRELATION',
  MUTUAL_INFORMATION: 'MUTUAL_INFORMATION',
  ANOVA_F: 'ANOVA_F',
  CHI_SQUARE: 'CHI_SQUARE',
  MODEL_IMPORTANCE: 'MODEL_IMPORTANCE',
  RFECV: 'RFECV',
} as const;

registerEnumType(SelectionMethod, {
  name: 'SelectionMethod',
  description: 'How candidate features are ranked for a label of yes and no.',
  valuesConfig: {
    CORRELATION: {
      description:
        'Point-biserial correlation r of numbers and booleans, -1..1, ranked by |r|; rows without a value are left out.',
    },
    MUTUAL_INFORMATION: {
      description:
        'Nats, >= 0: of numbers by 3 nearest neighbours (Ross 2014; rows without a value are left out), of booleans and categories by counts (missing is a category).',
    },
    ANOVA_F: {
      description:
        'F of one-way analysis of variance of numbers and booleans, >= 0; rows without a value are left out.',
    },
    CHI_SQUARE: {
      description:
        'Chi-square of independence of booleans and categories, >= 0, ranked by p-value; missing is a category, and so is all beyond the 100 most frequent.',
    },
    MODEL_IMPORTANCE: {
      description:
        'Share of the total split gain of a boosted forest, 0..1; missing goes to the better side. Of two copies one gets it. At most 50,000 rows, an even sample.',
    },
    RFECV: {
      description:
        'Recursive elimination with cross-validated F1 of a small boosted forest; the score is the share of gain among the chosen, 0 for the others. At most 20,000 rows, an even sample.',
    },
  },
});

@ObjectType('RankedFeature', {
  simpleResolvers: true,
  description: 'A candidate in the ranking of one method.',
})
export class RankedFeatureType {
  @Field(() => FeatureType, { description: 'The candidate, in the version that was ranked.' })
  feature!: FeatureType;
  @Field(() => String, { description: 'Its name.' })
  name!: string;
  @Field(() => Float, {
    nullable: true,
    description:
      'What the method measures, see SelectionMethod; null with fewer than 30 known values, or known values of one label.',
  })
  score!: number | null;
  @Field(() => Float, {
    nullable: true,
    description:
      'Chance of such a score without any relation, 0..1, one test at a time; null where the method has none.',
  })
  pValue!: number | null;
  @Field(() => Int, { description: 'From 1, the best.' })
  rank!: number;
  @Field(() => Boolean, { description: 'Whether it passes the thresholds of the method.' })
  selected!: boolean;
}

@ObjectType('SelectionMethodReport', {
  simpleResolvers: true,
  description: 'What one method found.',
})
export class SelectionMethodReportType {
  @Field(() => SelectionMethod, { description: 'The method.' })
  method!: Method;
  @Field(() => Float, {
    nullable: true,
    description:
      'Least score (CORRELATION |r|, MODEL_IMPORTANCE share), 0..1; null where there is none.',
  })
  threshold!: number | null;
  @Field(() => Int, {
    nullable: true,
    description:
      'Features at most, 1..500; of RFECV the number it chose; null where there is none.',
  })
  k!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Bound that the p-value must be below, 0..1; null where there is none.',
  })
  maxPValue!: number | null;
  @Field(() => Int, { description: 'Rows it looked at.' })
  rows!: number;
  @Field(() => Float, { description: 'Wall time, in seconds.' })
  seconds!: number;
  @Field(() => [RankedFeatureType], {
    description: 'The candidates that the method takes, best first; at most 500.',
  })
  ranking!: RankedFeatureType[];
}

@ObjectType('OverallRank', {
  simpleResolvers: true,
  description:
    'A candidate over all methods. Order: share of the methods that selected it among those that took it, then the mean of its ranks.',
})
export class OverallRankType {
  @Field(() => FeatureType, { description: 'The candidate, in the version that was ranked.' })
  feature!: FeatureType;
  @Field(() => String, { description: 'Its name.' })
  name!: string;
  @Field(() => Int, { description: 'Methods that selected it.' })
  votes!: number;
  @Field(() => Int, { description: 'Methods that took it, selected or not.' })
  rankedBy!: number;
  @Field(() => Float, { description: 'Mean of its ranks in those methods, from 1.' })
  meanRank!: number;
  @Field(() => Int, { description: 'From 1, the best.' })
  rank!: number;
  @Field(() => Boolean, { description: 'Whether at least half of those methods selected it.' })
  selected!: boolean;
}

@ObjectType('RfecvPoint', {
  simpleResolvers: true,
  description: 'How well so many features do in cross-validation.',
})
export class RfecvPointType {
  @Field(() => Int, { description: 'Number of features, from 1.' })
  features!: number;
  @Field(() => Float, { description: 'Mean F1 over the folds, 0..1.' })
  meanScore!: number;
  @Field(() => Float, { description: 'Population standard deviation of F1 over the folds.' })
  sd!: number;
}

@ObjectType('RedundantPair', {
  simpleResolvers: true,
  description: 'Two candidates that say nearly the same.',
})
export class RedundantPairType {
  @Field(() => String, { description: 'One of them, `name@version`.' })
  a!: string;
  @Field(() => String, { description: 'The other, `name@version`.' })
  b!: string;
  @Field(() => Float, {
    description:
      "Pearson's r of two numbers or booleans, -1..1; Cramér's V of two categories, 0..1.",
  })
  r!: number;
}

@ObjectType('LeftOutCandidate', {
  simpleResolvers: true,
  description: 'A candidate that could not be ranked.',
})
export class LeftOutCandidateType {
  @Field(() => String, { description: '`name@version`.' })
  feature!: string;
  @Field(() => String, {
    description: 'CONSTANT, ALL_MISSING, or INFINITE: a value beyond single precision.',
  })
  reason!: LeftOutFeature['reason'];
}

@ObjectType('FeatureSelection', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A ranking of candidate features for a model, by several methods; never edited.',
})
export class FeatureSelectionType extends NodeInterface {
  @Field(() => DateTime, {
    description: 'Features as of this instant (BEHAVIOUR); outcomes up to it (OUTCOMES).',
  })
  asOf!: Date;
  @Field(() => LabelSource, { description: 'Where the labels came from.' })
  label!: keyof typeof LabelSource;
  @Field(() => Int, { description: 'Days after `asOf` that the label looked at.' })
  horizonDays!: number;
  @Field(() => Int, {
    description: 'Seed of folds and forests; the same one gives the same ranking.',
  })
  seed!: number;
  @Field(() => Int, {
    description: 'Labelled customers looked at, at most 200,000, an even sample of all.',
  })
  rows!: number;
  @Field(() => Float, { description: 'Share of them with a positive label, 0..1.' })
  positiveShare!: number;
  @Field(() => [RfecvPointType], {
    description: 'By rising number of features, at most 500; empty without RFECV.',
  })
  rfecvCurve!: RfecvPointType[];
  @Field(() => [RedundantPairType], { description: 'Strongest first, at most 200.' })
  redundant!: RedundantPairType[];
  @Field(() => [LeftOutCandidateType], { description: 'Candidates that could not be ranked.' })
  leftOut!: LeftOutCandidateType[];
  @Field(() => DateTime, { description: 'When it was written.' })
  createdAt!: Date;
  @Field(() => String, { description: 'Who asked for it: the name of a key.' })
  createdBy!: string;
}

@InputType('SelectionThresholdsInput', {
  description: 'From where on a feature is selected; what is left out has its default.',
})
export class SelectionThresholdsInputType {
  @Field(() => Float, {
    nullable: true,
    description: 'CORRELATION: least |r|, 0..1; default 0.1.',
  })
  correlation!: number | null;
  @Field(() => Int, {
    nullable: true,
    description: 'MUTUAL_INFORMATION: features at most, 1..500; default 20.',
  })
  mutualInformationK!: number | null;
  @Field(() => Int, {
    nullable: true,
    description: 'ANOVA_F: features at most, 1..500; default 20.',
  })
  anovaK!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'ANOVA_F: the p-value must be below it, 0..1; default 0.05.',
  })
  anovaP!: number | null;
  @Field(() => Int, {
    nullable: true,
    description: 'CHI_SQUARE: features at most, 1..500; default 20.',
  })
  chiSquareK!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'CHI_SQUARE: the p-value must be below it, 0..1; default 0.05.',
  })
  chiSquareP!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'MODEL_IMPORTANCE: least share of the total split gain, 0..1; default 0.01.',
  })
  importance!: number | null;
  @Field(() => Int, { nullable: true, description: 'RFECV: folds, 2..20; default 5.' })
  rfecvFolds!: number | null;
  @Field(() => Int, {
    nullable: true,
    description:
      'RFECV: features taken away at a time, 1..100; default a fortieth of the candidates, rounded up.',
  })
  rfecvStep!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Pairs with a correlation above it are told as redundant, 0..1; default 0.95.',
  })
  redundancy!: number | null;
}

@InputType('SelectFeaturesInput', { description: 'What to rank, for which model, and how.' })
export class SelectFeaturesInputType {
  @Field(() => String, { description: 'Name of the model, such as churn.' })
  model!: string;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'BEHAVIOUR: features are as of this instant, labels from the horizon after it; default now minus the horizon. OUTCOMES: outcomes up to it count; default now.',
  })
  asOf!: Date | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Days after `asOf` that the label looks at, 1..3650; default from the spec.',
  })
  horizonDays!: number | null;
  @Field(() => LabelSource, {
    nullable: true,
    description: 'Where labels come from; default BEHAVIOUR.',
  })
  label!: keyof typeof LabelSource | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Seed of folds and forests, >= 0; default from the spec.',
  })
  seed!: number | null;
  @Field(() => [SelectionMethod], { nullable: true, description: 'At least one; default all.' })
  methods!: Method[] | null;
  @Field(() => [String], {
    nullable: true,
    description:
      'Names, or `name@version`, 1..500, of any status but ARCHIVED; default all features of `statuses` that fit the model.',
  })
  candidates!: string[] | null;
  @Field(() => [FeatureStatus], {
    nullable: true,
    description: 'Without `candidates`: features of these; default APPROVED.',
  })
  statuses!: Status[] | null;
  @Field(() => SelectionThresholdsInputType, {
    nullable: true,
    description: 'From where on a feature is selected.',
  })
  thresholds!: SelectionThresholdsInputType | null;
}
