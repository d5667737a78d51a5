import { encodeId } from '../kernel/id.js';
import type { DriftReport } from './drift.js';
import type { DriftReferenceType, DriftReportType } from './drift.type.js';
import type { ReferenceFacts } from './reference.js';

/** A report as the graph shows it; the keys are what its relations are resolved from. */
export type DriftReportNode = DriftReportType &
  Pick<DriftReport, 'modelId' | 'modelVersionId' | 'jobId' | 'retrainingJobId'> & { key: string };

/** Row to node; `key` keeps the uuid. */
export function driftReportNode(report: DriftReport): DriftReportNode {
  return { ...report, id: encodeId('DriftReport', report.id), key: report.id };
}

/** A reference as the graph shows it. */
export type DriftReferenceNode = DriftReferenceType & { modelVersionId: string };

/** Row to node. */
export function driftReferenceNode({
  dataFrom: windowFrom,
  dataUntil: windowUntil,
  ...reference
}: ReferenceFacts): DriftReferenceNode {
  return { ...reference, windowFrom, windowUntil, id: encodeId('DriftReference', reference.id) };
}
