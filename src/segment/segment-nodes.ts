import { encodeId } from '../kernel/id.js';
import type { ModelVersion } from '../model/model.js';
import type { SegmentReport } from './segment.js';
import { segmentationOf, type SegmentationModel, type SegmentationReport } from './segmentation.js';

/** A version of a segmentation as the graph shows it. */
export interface SegmentationNode {
  id: string;
  key: string;
  version: number;
  live: boolean;
  algorithm: string;
  k: number;
  rows: number;
  chosenBecause: string;
  createdAt: Date;
  model: SegmentationModel;
  /** The row of `model_version`. */
  row: ModelVersion;
  report: SegmentationReport;
}

/** A segment of one version as the graph shows it. */
export interface SegmentNode {
  /** `Segment:<version uuid>/<key>` */
  id: string;
  key: string;
  segmentation: SegmentationNode;
  report: SegmentReport;
}

/** Row to node. @throws AppError INTERNAL when its report is damaged */
export function segmentationNode(model: SegmentationModel, row: ModelVersion): SegmentationNode {
  const report = segmentationOf(row);
  const { k, rows, chosenBecause } = report;
  return {
    id: encodeId('Segmentation', row.id),
    key: model.name,
    version: row.version,
    live: row.stage === 'PRODUCTION',
    algorithm: row.algorithm,
    k,
    rows,
    chosenBecause,
    createdAt: row.trainedAt,
    model,
    row,
    report,
  };
}

/** The segments of a version, in the order of their numbers. */
export function segmentNodes(segmentation: SegmentationNode): SegmentNode[] {
  return segmentation.report.segments.map((report) => ({
    id: encodeId('Segment', `${segmentation.row.id}/${report.key}`),
    key: report.key,
    segmentation,
    report,
  }));
}

/** One of them, or null. */
export function segmentNode(segmentation: SegmentationNode, key: string): SegmentNode | null {
  return segmentNodes(segmentation).find((node) => node.key === key) ?? null;
}
