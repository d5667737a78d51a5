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
  @Field(() => Float, { description: 'Share of answers by rules, 0..1.' })
  fallbackRate!: number;
  @Field(() => Float, { description: 'Share of answers of this process from stored scores, 0..1.' })
  cacheHitRate!: number;
  @Field(() => Float, { nullable: true, description: 'Share of positive scores, 0..1.' })
  positiveRate!: number | null;
  @Field(() => LatencySummaryType, { description: 'From question to score.' })
  latencyMs!: LatencySummaryType;
}
