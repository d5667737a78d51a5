import { Arg, Ctx, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { AppError, userError, type UserError } from '../kernel/error.js';
import { decodeUuid, isUuid } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, pageOf, pageSize } from '../graphql/cursor.js';
import { feedCursor, feedPosition } from '../graphql/feed-cursor.js';
import { FEED_AFTER } from '../graphql/feed.type.js';
import type { FollowedFeed } from '../graphql/followed-feed.js';
import { PAGE_AFTER } from '../graphql/page.type.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import { mapFeed } from '../graphql/live-feed.js';
import type { Job, JobKind as Kind, JobPage, JobStatus as Status } from './job.js';
import { jobAtChange, type JobChange } from './job-changes.js';
import { jobNode, type JobNode } from './job-node.js';
import { followJob, followJobs, type FollowJobDeps } from './follow-job.js';
import { JobConnectionType, JobKind, JobPayloadType, JobStatus, JobType } from './job.type.js';

export interface JobResolverDeps {
  getJob(id: string): Promise<Job | null>;
  jobPage(page: JobPage): Promise<Job[]>;
  /** `cancelJob` with its deps. */
  cancelJob(id: string): Promise<{ job: Job | null; userErrors: UserError[] }>;
}

/** The jobs: look-up, list, cancel, follow. */
@Resolver(() => JobType)
export class JobResolver {
  constructor(private readonly deps: JobResolverDeps) {}

  @Query(() => JobType, { nullable: true, description: 'One job; null when there is none.' })
  async job(
    @Arg('id', () => ID, { description: '`Job:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    authorise(context, 'job:read');
    const key = decodeUuid('Job', id);
    const job = key === null ? null : await this.deps.getJob(key);
    return job && jobNode(job);
  }

  @Query(() => JobConnectionType, { description: 'Jobs, newest first.' })
  async jobs(
    @Arg('kind', () => [JobKind], { nullable: true, description: 'Only these kinds.' })
    kind: Kind[] | null,
    @Arg('status', () => [JobStatus], { nullable: true, description: 'Only these states.' })
    status: Status[] | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 20,
      description: 'Rows at most, 0..1000.',
    })
    wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<JobConnectionType> {
    authorise(context, 'job:read');
    const first = pageSize(wanted);
    const limit = first + 1;
    const position = after ? cursorPosition(after) : null;
    const rows = await this.deps.jobPage({
      kinds: kind ?? null,
      statuses: status ?? null,
      limit,
      after: position,
    });
    return pageOf(rows.map(jobNode), first, (job) =>
      encodeCursor([job.createdAt.toISOString(), job.key]),
    );
  }

  @Mutation(() => JobPayloadType, {
    description: 'Ends a job that is queued or running. What it has written stays.',
  })
  async cancelJob(
    @Arg('id', () => ID, { description: '`Job:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const key = decodeUuid('Job', id);
    if (key === null)
      return { job: null, userErrors: [userError('INVALID', `not the id of a job: ${id}`, 'id')] };
    const { job, userErrors } = await this.deps.cancelJob(key);
    return { job: job && jobNode(job), userErrors };
  }

  @Subscription(() => JobType, {
    name: 'job',
    topics: 'job',
    topicId: toFeed,
    description: 'The job now, then every change, until it ends.',
  })
  followJob(
    @Root() job: JobNode,
    @Arg('id', () => ID, { description: '`Job:<uuid>`' }) _id: string,
  ): JobNode {
    return job;
  }

  @Subscription(() => JobType, {
    topics: 'jobChanged',
    topicId: toFeed,
    description:
      'Every change of every job, from now on; with `after` every change of a status, first those missed since that cursor, each with its own.',
  })
  jobChanged(
    @Root() job: JobNode,
    @Arg('kind', () => [JobKind], { nullable: true, description: 'Only these kinds.' })
    _kind: Kind[] | null,
    @Arg('after', () => String, FEED_AFTER) _after: string | null,
  ): JobNode {
    return job;
  }
}

export interface JobFeedDeps extends FollowJobDeps {
  /** The log of changes of jobs. */
  changes: Pick<FollowedFeed<JobChange>, 'follow'>;
}

/** The sources of the subscriptions `job` and `jobChanged`. */
export function jobFeeds(deps: JobFeedDeps): { job: Feed; jobChanged: Feed } {
  return {
    job: ({ args, context }) => {
      authorise(context, 'job:read');
      const key = decodeUuid('Job', String(args['id']));
      if (key === null) throw new AppError('INVALID', `not the id of a job: ${String(args['id'])}`);
      return mapFeed(followJob(deps, key), jobNode);
    },
    jobChanged: ({ args, context }) => {
      authorise(context, 'job:read');
      const kinds = (args['kind'] as Kind[] | null | undefined) ?? null;
      const after = feedPosition('job', args['after']);
      if (after === null) return mapFeed(followJobs(deps, kinds), jobNode);
      const wanted = ({ row, keys }: JobChange): boolean =>
        row !== null && (kinds?.some((kind) => kind === keys['kind']) ?? true);
      return mapFeed(deps.changes.follow({ after, accept: wanted }), ({ id, row, payload }) => ({
        // accepted only with a row
        ...jobNode(jobAtChange(row as Job, payload)),
        cursor: feedCursor('job', id),
      }));
    },
  };
}

function cursorPosition(after: string): { createdAt: Date; id: string } {
  const [createdAt, id] = decodeCursor(after, 2);
  const at = new Date(String(createdAt));
  if (Number.isNaN(at.getTime()) || !isUuid(String(id)))
    throw new AppError('INVALID', `after is not a cursor of jobs: ${after.slice(0, 80)}`);
  return { createdAt: at, id: String(id) };
}
