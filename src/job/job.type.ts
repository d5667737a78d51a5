import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FEED_CURSOR } from '../graphql/feed.type.js';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';
import { UserErrorType } from '../graphql/user-error.type.js';
import type { JobKind as Kind, JobStatus as Status } from './job.js';

export const JobKind = {
  IMPORT: 'IMPORT',
  TRAIN: 'TRAIN',
  SEGMENT: 'SEGMENT',
  DRIFT: 'DRIFT',
  SCORE: 'SCORE',
  REPORT: 'REPORT',
  ERASE: 'ERASE',
  EXPORT: 'EXPORT',
  PROFILE: 'PROFILE',
  QUALITY: 'QUALITY',
  SELECT: 'SELECT',
} as const;

registerEnumType(JobKind, {
  name: 'JobKind',
  description: 'What a job does.',
  valuesConfig: {
    IMPORT: { description: 'Streams a file of events, users or outcomes in.' },
    TRAIN: { description: 'Trains a model version.' },
    SEGMENT: { description: 'Groups the customers.' },
    DRIFT: { description: 'Compares the data of two windows.' },
    SCORE: { description: 'Scores everyone into the ledger of predictions.' },
    REPORT: { description: 'Writes the daily report.' },
    ERASE: { description: 'Erases a customer.' },
    EXPORT: { description: 'Collects all that is held about a customer.' },
    PROFILE: { description: 'Takes the distribution of every feature in use.' },
    QUALITY: { description: 'Scans the tables against the rules of data quality.' },
    SELECT: { description: 'Ranks candidate features for a model.' },
  },
});

export const JobStatus = {
  QUEUED: 'QUEUED',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const;

registerEnumType(JobStatus, {
  name: 'JobStatus',
  description: 'Where a job stands. The last three are final.',
  valuesConfig: {
    QUEUED: { description: 'Waits for a worker.' },
    RUNNING: { description: 'A worker holds it.' },
    SUCCEEDED: { description: 'Done; see `result`.' },
    FAILED: { description: 'Given up; see `error`.' },
    CANCELLED: { description: 'Ended on request.' },
  },
});

@ObjectType('Job', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'Work that outlives the call that asked for it. Follow it with the subscription `job`.',
})
export class JobType extends NodeInterface {
  @Field(() => JobKind, { description: 'What it does.' })
  kind!: Kind;
  @Field(() => JobStatus, { description: 'Where it stands.' })
  status!: Status;
  @Field(() => Float, { description: 'Share done, 0..1.' })
  progress!: number;
  @Field(() => String, { description: 'What it is doing now, in words.' })
  stage!: string;
  @Field(() => Int, {
    description: 'Times a worker has taken it up; more than 1 after a lost worker.',
  })
  attempts!: number;
  @Field(() => JsonObject, { description: 'What it was asked to do.' })
  input!: Record<string, unknown>;
  @Field(() => String, { nullable: true, description: 'Why it failed; null otherwise.' })
  error!: string | null;
  @Field(() => DateTime, { description: 'When it was asked for.' })
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When a worker first took it up.' })
  startedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it ended.' })
  finishedAt!: Date | null;
  @Field(() => String, { description: 'Who asked for it: the name of a key, or `system`.' })
  createdBy!: string;
  @Field(() => String, FEED_CURSOR)
  cursor?: string;
}

@ObjectType('JobConnection', { simpleResolvers: true, description: 'Jobs, newest first.' })
export class JobConnectionType {
  @Field(() => [JobType], { description: 'The jobs of this page.' })
  nodes!: JobType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

@ObjectType('JobPayload', {
  simpleResolvers: true,
  description: 'A job that was started or changed, or why not.',
})
export class JobPayloadType {
  @Field(() => JobType, { nullable: true, description: 'Null when it was refused.' })
  job!: JobType | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}

@ObjectType('ImportRun', { simpleResolvers: true, description: 'What an import did.' })
export class ImportRunType {
  @Field(() => Int, { description: 'Rows that were new.' })
  accepted!: number;
  @Field(() => Int, { description: 'Rows that were there already; nothing changed for them.' })
  duplicates!: number;
  @Field(() => Int, { description: 'Rows that could not be taken; each is kept with its reason.' })
  rejected!: number;
  @Field(() => Float, { description: 'Wall time of the import, in seconds.' })
  seconds!: number;
}
