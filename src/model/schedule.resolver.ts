import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { jobNode, type JobNode } from '../job/job-node.js';
import type { jobLoader } from '../job/job-loader.js';
import { JobType } from '../job/job.type.js';
import type { ModelNode } from './model-nodes.js';
import { ModelType } from './model.type.js';
import { nextTrainingAt, type TrainingRun } from './schedule.js';
import type { ScheduleStore } from './schedule.store.js';
import { TrainingScheduleType } from './schedule.type.js';

/** The field of a model that tells when it is trained. */
@Resolver(() => ModelType)
export class ScheduleResolver {
  private readonly loader: (context: RequestContext) => DataLoader<string, TrainingRun[]>;

  constructor(deps: Pick<ScheduleStore, 'lastTrainings'>) {
    this.loader = perRequest(
      () =>
        new DataLoader<string, TrainingRun[]>(async (models) => {
          const runs = await deps.lastTrainings(models);
          return models.map((name) => runs.filter(({ model }) => model === name));
        }),
    );
  }

  @FieldResolver(() => TrainingScheduleType, {
    nullable: true,
    description: 'When it is trained without being told; null where the spec has no schedule.',
  })
  async schedule(
    @Root() { name, spec, createdAt }: ModelNode,
    @Ctx() context: RequestContext,
  ): Promise<TrainingScheduleType | null> {
    if (!spec?.schedule) return null;
    const runs = await this.loader(context).load(name);
    return {
      ...spec.schedule,
      lastRunAt: runs[0]?.askedAt ?? null,
      nextRunAt: nextTrainingAt(spec.schedule, runs, createdAt),
      jobId: runs[0]?.id ?? null,
    };
  }
}

/** The field of a schedule that tells of its last training. */
@Resolver(() => TrainingScheduleType)
export class ScheduledJobResolver {
  constructor(private readonly deps: { jobLoader: ReturnType<typeof jobLoader> }) {}

  @FieldResolver(() => JobType, {
    nullable: true,
    description:
      'The training that waits or runs, or else the last one; a failed one tells why. Needs the right to see jobs.',
  })
  async lastJob(
    @Root() { jobId }: TrainingScheduleType,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    authorise(context, 'job:read');
    const job = jobId === null ? null : await this.deps.jobLoader(context).load(jobId);
    return job && jobNode(job);
  }
}
