import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';

@ObjectType('LatencySummary', {
  simpleResolvers: true,
  description: 'Milliseconds; null without a measurement.',
})
export class LatencySummaryType {
  @Field(() => Float, { nullable: true, description: 'Mean.' })
  mean!: number | null;
  @Field(() => Float, { nullable: true, description: 'Half were faster.' })
  p50!: number | null;
  @Field(() => Float, { nullable: true, description: '95 % were faster.' })
  p95!: number | null;
  @Field(() => Float, { nullable: true, description: '99 % were faster.' })
  p99!: number | null;
}

@ObjectType('ResultCacheSummary', {
  simpleResolvers: true,
  description:
    'Answers of this process, since it started, that needed no model run because the inputs had not changed.',
})
export class ResultCacheSummaryType {
  @Field(() => Int, { description: 'Questions answered from it.' })
  hits!: number;
  @Field(() => Int, { description: 'Questions that looked and were scored.' })
  misses!: number;
  @Field(() => Float, { description: 'Share of hits, 0..1.' })
  hitRatio!: number;
  @Field(() => Int, { description: 'Answers it holds now.' })
  entries!: number;
  @Field(() => Int, {
    description:
      'Answers put out: by newer ones, events of the customer, promotions, objections, erasures.',
  })
  evictions!: number;
}

@ObjectType('BatchingSummary', {
  simpleResolvers: true,
  description:
    'How questions of the same moment share model runs: of this process, over all models, since it started.',
})
export class BatchingSummaryType {
  @Field(() => Int, { description: 'Calls of the scorer.' })
  requests!: number;
  @Field(() => Int, { description: 'ONNX runs they came to.' })
  runs!: number;
  @Field(() => Float, { description: 'Mean rows of a run.' })
  rowsPerRun!: number;
  @Field(() => Float, { description: 'ONNX runs a thousand calls.' })
  runsPer1000Requests!: number;
}

@ObjectType('ModelHealth', {
  simpleResolvers: true,
  description: 'How a model does: a real prediction made now, and the ledger of the last 24 hours.',
})
export class ModelHealthType {
  @Field(() => Boolean, {
    description: 'True when a prediction made now came out as it should.',
  })
  healthy!: boolean;
  @Field(() => DateTime, { description: 'When that prediction was made.' })
  checkedAt!: Date;
  @Field(() => Int, { description: 'Scores stored in 24 hours, at most the newest 10,000.' })
  predictions!: number;
  @Field(() => Int, { description: 'Questions this process could not answer since it started.' })
  errors!: number;
  @Field(() => Float, { description: 'Share of those among its questions, 0..1.' })
  errorRate!: number;
  @Field(() => Float, {
    description:
      'Questions a second to this process, answered or not: mean of the last 60 seconds, also where it started later.',
  })
  requestsPerSecond!: number;
  @Field(() => Float, {
    description:
      'Share of answers of this process while the model could not: by stored scores, rules or the score card, 0..1.',
  })
  fallbackRate!: number;
  @Field(() => Float, { description: 'Share of answers of this process from stored scores, 0..1.' })
  cacheHitRate!: number;
  @Field(() => Float, { nullable: true, description: 'Share of positive scores, 0..1.' })
  positiveRate!: number | null;
  @Field(() => ResultCacheSummaryType, { description: 'Answers without a model run.' })
  resultCache!: ResultCacheSummaryType;
  @Field(() => BatchingSummaryType, { description: 'What sharing of model runs brings.' })
  batching!: BatchingSummaryType;
  @Field(() => LatencySummaryType, {
    description: 'From question to score; of answers, not of runs over everyone.',
  })
  latencyMs!: LatencySummaryType;
}
