import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { DateTime } from '../graphql/scalars.js';
import { STANDARD_SEGMENTATION } from './segmentation.js';

@ObjectType('Stability', {
  simpleResolvers: true,
  description: 'How much runs on samples agree: adjusted Rand index, 1 = the same, 0 = by chance.',
})
export class StabilityType {
  @Field(() => Int, { description: 'Runs, each on its own sample.' })
  runs!: number;
  @Field(() => Float, { description: 'Share of the customers in a sample, 0..1.' })
  sampleShare!: number;
  @Field(() => Float, { description: 'Mean over the pairs of runs.' })
  mean!: number;
  @Field(() => Float, { description: 'Standard deviation over the pairs of runs.' })
  standardDeviation!: number;
}

@ObjectType('ClusterCandidate', {
  simpleResolvers: true,
  description: 'One thing that was tried: an algorithm with a number of groups, and how it did.',
})
export class ClusterCandidateType {
  @Field(() => String, { description: 'kmeans, mixture, ward, dbscan, medoids or bisecting.' })
  algorithm!: string;
  @Field(() => Int, { description: 'Groups found; noise is none.' })
  k!: number;
  @Field(() => Float, { nullable: true, description: '-1..1, higher is better.' })
  silhouette!: number | null;
  @Field(() => Float, { nullable: true, description: '>= 0, higher is better.' })
  calinskiHarabasz!: number | null;
  @Field(() => Float, { nullable: true, description: '>= 0, lower is better.' })
  daviesBouldin!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Sum of squared distances to the own centre; falls with k.',
  })
  inertia!: number | null;
  @Field(() => Float, { nullable: true, description: 'Of mixtures; lower is better.' })
  bic!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'Gap statistic of Tibshirani, Walther and Hastie (2001); higher is better.',
  })
  gap!: number | null;
  @Field(() => Float, {
    nullable: true,
    description:
      'Agreement of runs on samples (adjusted Rand index, 1 = the same); of those that score about as well as the best, between which it decides.',
  })
  stability!: number | null;
  @Field(() => Int, { description: 'Customers in no group.' })
  noise!: number;
  @Field(() => Float, { description: 'Share of the customers in the smallest group, 0..1.' })
  smallestShare!: number;
  @Field(() => Float, { description: 'Wall time of the fit.' })
  seconds!: number;
  @Field(() => Boolean, { description: 'Whether this is the one.' })
  chosen!: boolean;
  @Field(() => String, { nullable: true, description: 'Why it could not be chosen.' })
  refused!: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Customers it was fitted on, where that was a sample.',
  })
  sampledRows!: number | null;
}

@ObjectType('ClusterFeatureImportance', {
  simpleResolvers: true,
  description: 'How well a feature tells the segments apart: one-way analysis of variance.',
})
export class ClusterFeatureImportanceType {
  @Field(() => String, { description: 'Its name.' })
  feature!: string;
  @Field(() => Float, { description: 'F, >= 0.' })
  f!: number;
  @Field(() => Float, {
    description:
      'Chance of such an F without any difference; tiny, because the segments were made from it.',
  })
  p!: number;
  @Field(() => Int, { description: 'From 1, the one that separates most.' })
  rank!: number;
}

@ObjectType('ExternalScores', {
  simpleResolvers: true,
  description: 'Agreement of the segments with labels that were given.',
})
export class ExternalScoresType {
  @Field(() => Float, { description: 'Adjusted Rand index, at most 1; 0 by chance.' })
  ari!: number;
  @Field(() => Float, { description: 'Normalised mutual information, 0..1.' })
  nmi!: number;
  @Field(() => Float, { description: '1 when each segment holds one label only.' })
  homogeneity!: number;
  @Field(() => Float, { description: '1 when each label lies in one segment.' })
  completeness!: number;
}

@ObjectType('SegmentChange', {
  simpleResolvers: true,
  description: 'What became of segments from the version before to this one.',
})
export class SegmentChangeType {
  @Field(() => String, { description: 'KEPT, SPLIT, MERGED, APPEARED or VANISHED.' })
  kind!: string;
  @Field(() => [String], { description: 'Keys in the version before.' })
  from!: string[];
  @Field(() => [String], { description: 'Keys in this version.' })
  to!: string[];
  @Field(() => String, { description: 'The same as a sentence.' })
  text!: string;
}

@ObjectType('ProjectedPoint', {
  simpleResolvers: true,
  description: 'A customer on the scatter chart.',
})
export class ProjectedPointType {
  @Field(() => ID, { description: 'The customer, `User:<id>`.' })
  userId!: string;
  @Field(() => Float, { description: 'First principal component.' })
  x!: number;
  @Field(() => Float, { description: 'Second principal component.' })
  y!: number;
  @Field(() => String, { description: 'Key of the segment when the version was made.' })
  segment!: string;
}

@ObjectType('Projection', {
  simpleResolvers: true,
  description: 'Customers in two dimensions, for a scatter chart.',
})
export class ProjectionType {
  @Field(() => [Float], { description: 'Share of the variance on each axis, 0..1.' })
  explainedVariance!: number[];
  @Field(() => [ProjectedPointType], { description: 'A sample of the customers.' })
  points!: ProjectedPointType[];
}

@ObjectType('Segmentation', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'A way of grouping customers, in one version: a model version that answers with a segment.',
})
export class SegmentationType extends NodeInterface {
  @Field(() => String, { description: 'Its key, such as persona.' })
  key!: string;
  @Field(() => Int, { description: 'Counts from 1 within the key.' })
  version!: number;
  @Field(() => Boolean, { description: 'Whether this version answers now.' })
  live!: boolean;
  @Field(() => String, { description: 'kmeans, mixture, ward, dbscan, medoids or bisecting.' })
  algorithm!: string;
  @Field(() => Int, { description: 'Number of segments.' })
  k!: number;
  @Field(() => Int, { description: 'Customers it was made from.' })
  rows!: number;
  @Field(() => String, { description: 'Why this candidate: the rule, with the numbers.' })
  chosenBecause!: string;
  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;
}

@ObjectType('Segment', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'A group of customers in one version of a segmentation.',
})
export class SegmentType extends NodeInterface {
  @Field(() => String, {
    description: 'Stable over re-runs: follows the centroid, not the cluster number.',
  })
  key!: string;
}

@InputType('RunSegmentationInput', {
  description: 'What to group by; what is left out comes from the recipe.',
})
export class RunSegmentationInputType {
  @Field(() => String, {
    nullable: true,
    defaultValue: STANDARD_SEGMENTATION,
    description: 'Key of the segmentation; a new one needs `features`.',
  })
  key!: string | null;
  @Field(() => [String], {
    nullable: true,
    description: 'What to try: kmeans, mixture, ward, dbscan, medoids, bisecting.',
  })
  algorithms!: string[] | null;
  @Field(() => Int, { nullable: true, description: 'Exactly so many groups, 2..50.' })
  k!: number | null;
  @Field(() => Int, { nullable: true, description: 'At most so many groups, 2..50.' })
  maxK!: number | null;
  @Field(() => [String], { nullable: true, description: 'Names of approved features.' })
  features!: string[] | null;
  @Field(() => Int, { nullable: true, description: 'Same seed, same segments. 0..4294967295.' })
  seed!: number | null;
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether it is to answer at once; else it waits as a candidate.',
  })
  makeLive!: boolean | null;
  @Field(() => String, {
    nullable: true,
    description: 'A profile attribute: the segments are compared with its values, see `external`.',
  })
  labels!: string | null;
  @Field(() => Float, {
    nullable: true,
    description:
      'Radius of the neighbourhoods of dbscan, above 0, in standard deviations; without, read off the distances.',
  })
  dbscanEps!: number | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Customers that dbscan asks for in a neighbourhood, 2..1000.',
  })
  dbscanMinPoints!: number | null;
}
