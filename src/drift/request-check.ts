import { requestOnce, type RequestOnceDeps } from '../job/request-once.js';
import type { DriftJobInput } from './drift.messages.js';

export interface RequestChecksDeps extends RequestOnceDeps<'DRIFT'> {
  /** Name and uuid of every version that is in production. */
  inProduction(): Promise<{ model: string; modelVersionId: string }[]>;
  now(): Date;
}

/** Asks for a check of every model in production against what was kept for it; one such job of a model that waits is enough. */
export function requestChecks(deps: RequestChecksDeps): (createdBy: string) => Promise<string[]> {
  return async (createdBy) => {
    const asked: string[] = [];
    for (const { model, modelVersionId } of await deps.inProduction()) {
      const input: DriftJobInput = {
        kind: 'CHECK',
        ...{ model, modelVersionId },
        referenceFrom: null,
        referenceUntil: null,
        currentFrom: null,
        currentUntil: deps.now().toISOString(),
      };
      const same = (waiting: Record<string, unknown>): boolean =>
        waiting['kind'] === 'CHECK' &&
        waiting['model'] === model &&
        waiting['referenceUntil'] === null &&
        waiting['currentFrom'] === null;
      asked.push(await requestOnce(deps, { kind: 'DRIFT', input, createdBy }, same));
    }
    return asked;
  };
}
