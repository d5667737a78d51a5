import { segmentationSpec, type PersonaDimensions } from '../segmentation-spec.js';
import type { SegmentationReport } from '../segmentation.js';

const NONE: PersonaDimensions = {
  spend: null,
  frequency: null,
  recency: null,
  engagement: null,
  age: null,
  gender: null,
  city: null,
};

const known = new WeakMap<object, PersonaDimensions>();

/**
 * Which feature or attribute tells what, by the recipe that the version was made with: the recipe of today may name
 * others. None where that recipe cannot be read any more; the rules then fall back on all features.
 */
export function dimensionsOf({ recipe }: Pick<SegmentationReport, 'recipe'>): PersonaDimensions {
  const before = known.get(recipe);
  if (before) return before;
  const parsed = segmentationSpec.shape.persona.safeParse(recipe.spec['persona'] ?? {});
  const dimensions = parsed.success ? parsed.data : NONE;
  known.set(recipe, dimensions);
  return dimensions;
}
