import type { Job, JobKind, JobStatus } from './job.js';

export interface RequestOnceDeps<Kind extends JobKind> {
  /** Jobs of these kinds and statuses, newest first; `JobStore.page`. */
  jobPage(request: {
    kinds: JobKind[];
    statuses: JobStatus[];
    limit: number;
    after: null;
  }): Promise<Job[]>;
  /** Submits a job, or writes its row for the sweeper to find. */
  createJob(job: { kind: Kind; input: object; createdBy: string }): Promise<Job>;
}

const LOOKED_AT = 10;

/**
 * For what recurs and for imports: a job that waits is enough, however often it is asked for; answers its id.
 * @param doesIt whether a waiting job of the kind, by its input, does what is asked for
 */
export async function requestOnce<Kind extends JobKind>(
  { jobPage, createJob }: RequestOnceDeps<Kind>,
  wanted: { kind: Kind; input: object; createdBy: string },
  doesIt: (input: Job['input']) => boolean = () => true,
): Promise<string> {
  const page = { kinds: [wanted.kind], statuses: ['QUEUED' as const], after: null };
  const waiting = await jobPage({ ...page, limit: LOOKED_AT });
  const job = waiting.find(({ input }) => doesIt(input)) ?? (await createJob(wanted));
  return job.id;
}
