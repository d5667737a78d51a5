import { userError, type UserError } from '../../kernel/error.js';
import type { SegmentReport } from '../segment.js';
import type { SegmentationModel } from '../segmentation.js';
import { checkName } from './segment-name.js';
import type { SegmentNameStore } from './segment-name.store.js';
import { nameSegments } from './segment-naming.js';

/**
 * Names the segments of a version that appear for the first time; those known by their key keep their names. To be
 * called when a version is registered, before anybody asks for it; a second call changes nothing.
 * @param noise key of the segment of those who are in no group
 */
export function nameNewSegments(
  deps: Pick<SegmentNameStore, 'add'>,
): (
  model: Pick<SegmentationModel, 'id' | 'spec'>,
  segments: readonly SegmentReport[],
  noise?: string | null,
) => Promise<void> {
  return ({ id, spec }, segments, noise = null) => {
    const all = segments.map((facts) => ({ key: facts.key, facts }));
    return deps.add(id, (named, free) => nameSegments(all, spec.persona, { named, free, noise }));
  };
}

export interface RenameSegmentDeps extends Pick<SegmentNameStore, 'rename'> {
  segmentationByKey(key: string): Promise<SegmentationModel | null>;
}

/** Gives a segment another name, which it keeps over versions; what is wrong with it otherwise. */
export async function renameSegment(
  deps: RenameSegmentDeps,
  wanted: { segmentation: string; key: string; name: string; by: string },
): Promise<{ model: SegmentationModel | null; error: UserError | null }> {
  const { segmentation, key, by } = wanted;
  const { name, error } = checkName(wanted.name);
  if (error) return { model: null, error };
  const model = await deps.segmentationByKey(segmentation);
  if (!model) {
    const text = `no segmentation has the key ${segmentation.slice(0, 80)}`;
    return { model: null, error: userError('NOT_FOUND', text, 'segmentation') };
  }
  const refused = await deps.rename({ modelId: model.id, segmentation, key, name, by });
  if (refused === null) return { model, error: null };
  const why =
    refused === 'TAKEN'
      ? userError('CONFLICT', `another segment of ${segmentation} is called ${name}`, 'name')
      : userError(
          'NOT_FOUND',
          `${segmentation} has no segment with the key ${key.slice(0, 80)}`,
          'key',
        );
  return { model, error: why };
}
