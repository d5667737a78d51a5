import { requestOnce, type RequestOnceDeps } from '../job/request-once.js';
import { planAssignment } from './request-segmentation.js';

/** Asks for everybody's segment in a segmentation; one such job that waits is enough. */
export function requestAssignment(
  deps: RequestOnceDeps<'SEGMENT'>,
): (key: string, asOf: Date, createdBy: string) => Promise<string> {
  return (key, asOf, createdBy) =>
    requestOnce(
      deps,
      { kind: 'SEGMENT', input: planAssignment(key, asOf), createdBy },
      (input) => input['kind'] === 'ASSIGN' && input['key'] === key,
    );
}
