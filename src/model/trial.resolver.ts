import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { JobNode } from '../job/job-node.js';
import { JobType } from '../job/job.type.js';
import type { MetricType } from './evaluation.type.js';
import type { Candidate } from './train/candidates.js';
import type { CandidateMetrics } from './train/trial.js';
import type { TrialRow } from './trial.js';
import { TrialRunType } from './trial.type.js';

export interface TrialResolverDeps {
  /** Trials of these jobs by number. */
  trialsOfJobs(jobIds: readonly string[]): Promise<TrialRow[]>;
}

/** The field of a job that tells of its trials. */
@Resolver(() => JobType)
export class TrialResolver {
  private readonly loader: (context: RequestContext) => DataLoader<string, TrialRow[]>;

  constructor(deps: TrialResolverDeps) {
    this.loader = perRequest(
      () =>
        new DataLoader<string, TrialRow[]>(async (jobIds) => {
          const rows = new Map(jobIds.map((jobId): [string, TrialRow[]] => [jobId, []]));
          for (const row of await deps.trialsOfJobs(jobIds)) rows.get(row.jobId)?.push(row);
          return jobIds.map((jobId) => rows.get(jobId) ?? []);
        }),
    );
  }

  @FieldResolver(() => [TrialRunType], {
    description:
      'Trials of a training by number, while it runs and after; at most 1,000. Empty for other jobs.',
  })
  async trials(@Root() job: JobNode, @Ctx() context: RequestContext): Promise<TrialRunType[]> {
    authorise(context, 'job:read');
    if (job.kind !== 'TRAIN') return [];
    return (await this.loader(context).load(job.key)).map(toType);
  }
}

function toType({ task, metrics, ...row }: TrialRow): TrialRunType {
  const { candidates, from, until } = task;
  return {
    ...row,
    algorithm: candidates[0]?.algorithm ?? '',
    candidates: candidates.map((candidate, k) => ({
      hyperparameters: settingsOf(candidate),
      metrics: metricsOf(metrics?.[k]),
    })),
    folds: Array.from({ length: until - from }, (_, k) => from + k),
  };
}

function settingsOf(candidate: Candidate): Record<string, unknown> {
  const { algorithm: _, ...settings } = candidate;
  return 'parameters' in settings ? { ...settings.parameters } : settings;
}

function metricsOf(metrics: CandidateMetrics | undefined): MetricType[] {
  if (!metrics) return [];
  const { auc, logLoss } = metrics;
  const split = 'CROSS_VALIDATION' as const;
  return [
    ...(auc === undefined ? [] : [{ name: 'auc', split, value: auc }]),
    { name: 'logLoss', split, value: logLoss },
  ];
}
