import { Field, Float, Int, ObjectType } from 'type-graphql';
import { JobStatus } from '../job/job.type.js';
import type { JobStatus as Status } from '../job/job.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { MetricType } from './evaluation.type.js';

@ObjectType('TrialCandidate', {
  simpleResolvers: true,
  description: 'A candidate of a search, as it was tried in one piece of work.',
})
export class TrialCandidateType {
  @Field(() => JsonObject, { description: 'What was set.' })
  hyperparameters!: Record<string, unknown>;
  @Field(() => [MetricType], {
    description: 'Means over the folds of this piece of work; empty until it is done.',
  })
  metrics!: MetricType[];
}

@ObjectType('TrialRun', {
  simpleResolvers: true,
  description:
    'A piece of a search that one worker does alone: candidates on some folds. A candidate that goes on to more folds has another.',
})
export class TrialRunType {
  @Field(() => Int, { description: '0, 1, … in the order the search asked for them.' })
  number!: number;
  @Field(() => JobStatus, { description: 'Where it stands. The last three are final.' })
  status!: Status;
  @Field(() => String, { description: 'What is tried: logistic, boosting, …' })
  algorithm!: string;
  @Field(() => [TrialCandidateType], {
    description: 'One; several where each starts from the fit of the one before it.',
  })
  candidates!: TrialCandidateType[];
  @Field(() => [Int], { description: 'The folds it runs on, counted from 0; at most 20.' })
  folds!: number[];
  @Field(() => Float, { nullable: true, description: 'Time it took; null until it is done.' })
  seconds!: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'Host and process of the worker that does it or did it; null when nobody has.',
  })
  worker!: string | null;
  @Field(() => String, { nullable: true, description: 'Why it failed; null otherwise.' })
  error!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When a worker last took it up.' })
  startedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it ended.' })
  finishedAt!: Date | null;
}
