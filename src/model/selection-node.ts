import { encodeId } from '../kernel/id.js';
import type { FeatureSelection, SelectionReport } from './selection.js';
import type { FeatureSelectionType } from './selection.type.js';

/** A selection as the graph shows it; `report` keeps what its fields are resolved from. */
export type FeatureSelectionNode = FeatureSelectionType &
  Pick<FeatureSelection, 'modelId' | 'jobId'> & { report: SelectionReport };

/** Row to node. */
export function selectionNode(selection: FeatureSelection): FeatureSelectionNode {
  const { id, modelId, jobId, asOf, rows, positive, report, createdAt, createdBy } = selection;
  const { label, horizonDays, seed } = report.recipe;
  const { rfecvCurve, redundant, leftOut } = report;
  return {
    id: encodeId('FeatureSelection', id),
    ...{ modelId, jobId, asOf, label, horizonDays, seed, rows },
    positiveShare: rows === 0 ? 0 : positive / rows,
    ...{ rfecvCurve, redundant, leftOut, report, createdAt, createdBy },
  };
}
