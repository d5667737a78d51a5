import { encodeId } from '../kernel/id.js';
import type { Job } from './job.js';

/** A job as the graph shows it: the id carries its type; the rest is the row. */
export type JobNode = Job & { key: string; cursor?: string };

/** Row to node; `key` keeps the uuid. */
export function jobNode(job: Job): JobNode {
  return { ...job, id: encodeId('Job', job.id), key: job.id };
}
