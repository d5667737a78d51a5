import { DAY_MS } from '../kernel/clock.js';
import type { Labels } from '../model/labels.js';
import { readLabels, type ReadLabelsDeps } from '../model/read-labels.js';
import type { ServedModel } from '../model/serving.js';
import { reportOf } from '../model/version-report.js';
import type { LabelCount } from './window.js';

export interface LabelsOfDeps {
  behaviourLabels: ReadLabelsDeps['behaviourLabels'];
  /** Recorded outcomes in [from, until), the last of each customer. */
  outcomeCount(modelId: string, from: Date | null, until: Date): Promise<LabelCount>;
}

/**
 * The labels of a window. A version that learnt from behaviour: of whoever was eligible one horizon before its end, the newest that
 * can be known. Others: what was recorded in the window.
 */
export function labelsOf(
  deps: LabelsOfDeps,
): (served: ServedModel, from: Date, until: Date) => Promise<LabelCount> {
  return async ({ model, version }, from, until) => {
    const { label, horizonDays } = reportOf(version).recipe;
    if (label === 'OUTCOMES') return deps.outcomeCount(model.id, from, until);
    if (model.spec.label.kind !== 'NO_EVENT') return { rows: 0, positive: 0 };
    const asOf = new Date(until.getTime() - horizonDays * DAY_MS).toISOString();
    const none = (): Promise<Labels> => Promise.reject(new Error('behaviour was asked for'));
    const labels = await readLabels(
      { behaviourLabels: deps.behaviourLabels, outcomeLabels: none },
      model,
      { asOf, label, horizonDays },
    );
    return { rows: labels.userIds.length, positive: labels.positive.filter(Boolean).length };
  };
}
