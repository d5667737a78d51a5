import { requestOnce, type RequestOnceDeps } from '../job/request-once.js';
import { planProfileRun } from './profile-features.js';

/** Asks for the distributions of all features as of now, unless a job for them waits already; answers the job's id. */
export function requestProfile(
  deps: RequestOnceDeps<'PROFILE'> & { now: () => Date },
): (createdBy: string) => Promise<string> {
  return (createdBy) =>
    requestOnce(deps, { kind: 'PROFILE', input: planProfileRun(deps.now()), createdBy });
}
