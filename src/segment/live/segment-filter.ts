import { AppError } from '../../kernel/error.js';
import type { Parameters } from '../../plant/parameters.js';
import type { Quadrant } from '../segment.js';
import {
  STANDARD_SEGMENTATION,
  type SegmentServing,
  type ServedSegmentation,
} from '../segmentation.js';

/** A condition on where customers are; all given parts must hold. */
export interface SegmentFilter {
  /** Key of the segmentation; null: persona. */
  segmentation?: string | null;
  /** Any of these segments. */
  keys?: readonly string[] | null;
  /** Any of the segments in these quadrants. */
  quadrant?: readonly Quadrant[] | null;
}

/** Not asked from outside: who is in a segment by its key now, whether or not a live version has it. */
export interface StandingFilter {
  /** Id of the segmentation. */
  modelId: string;
  standing: string;
}

/**
 * The filter as a condition on `customer c`. Nobody who does not agree to profiling is in a segment.
 * @throws AppError INVALID naming the field of a segmentation that is not live, or of a key that it does not have
 */
export function segmentCondition(
  serving: Pick<SegmentServing, 'current'>,
): (argument: unknown, parameters: Parameters) => string {
  return (argument, parameters) => {
    const { modelId, wanted } = whereOf(serving, argument as SegmentFilter | StandingFilter);
    const model = parameters.add(modelId, 'uuid');
    const among =
      wanted === null ? '' : ` and sm.segment_key = any(${parameters.add(wanted, 'text[]')})`;
    return `(c.consent_profiling and exists (select from segment_membership sm
      where sm.model_id = ${model} and sm.user_id = c.id and sm.until is null${among}))`;
  };
}

function whereOf(
  serving: Pick<SegmentServing, 'current'>,
  filter: SegmentFilter | StandingFilter,
): { modelId: string; wanted: string[] | null } {
  if ('standing' in filter) return { modelId: filter.modelId, wanted: [filter.standing] };
  const { segmentation, keys, quadrant } = filter;
  const served = liveSegmentation(serving, segmentation, 'segment.segmentation');
  return { modelId: served.model.id, wanted: wantedKeys(served, keys ?? null, quadrant ?? null) };
}

/** @throws AppError INVALID naming `field` */
export function liveSegmentation(
  serving: Pick<SegmentServing, 'current'>,
  key: string | null | undefined,
  field: string,
): ServedSegmentation {
  const name = key ?? STANDARD_SEGMENTATION;
  const served = serving.current(name);
  if (served) return served;
  throw new AppError('INVALID', `${field}: no segmentation ${name.slice(0, 80)} is live`);
}

/** Keys that satisfy both parts; null: any. */
function wantedKeys(
  { report, model }: ServedSegmentation,
  keys: readonly string[] | null,
  quadrants: readonly Quadrant[] | null,
): string[] | null {
  if (!keys && !quadrants) return null;
  const known = report.segments.map(({ key }) => key);
  const unknown = keys?.find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new AppError(
      'INVALID',
      `segment.keys: ${model.name} has no segment ${unknown.slice(0, 80)}; it has ${known.join(', ')}`,
    );
  return report.segments
    .filter(({ key }) => keys?.includes(key) ?? true)
    .filter(({ persona }) => quadrants?.includes(persona.quadrant) ?? true)
    .map(({ key }) => key);
}
