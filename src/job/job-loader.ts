import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { Job } from './job.js';

/** Per-request loader of jobs by uuid. */
export function jobLoader(deps: {
  jobsByIds(ids: readonly string[]): Promise<Job[]>;
}): (context: RequestContext) => DataLoader<string, Job | null> {
  return perRequest(
    () =>
      new DataLoader<string, Job | null>(async (ids) => {
        const jobs = new Map((await deps.jobsByIds(ids)).map((job) => [job.id, job]));
        return ids.map((id) => jobs.get(id) ?? null);
      }),
  );
}
