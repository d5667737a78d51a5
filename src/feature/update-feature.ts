import { z } from 'zod';
import { issuesOf, metadataFields } from './feature-metadata.js';
import type { FeatureDefinition, FeatureMetadata } from './feature.js';
import {
  newestOf,
  notRegistered,
  resultOf,
  type ChangeFeatureDeps,
  type ChangeFeatureResult,
} from './move-feature.js';
import { featureSubject } from './register-feature.js';

export interface UpdateFeatureInput {
  name: string;
  /** Without: the newest version. */
  version?: number | null;
  /** What is left out stays as it is. */
  description?: string | null;
  businessMeaning?: string | null;
  owner?: string | null;
  tags?: readonly string[] | null;
}

const changeSchema = z.object(metadataFields).partial();

/**
 * Edits what is said of a version: description, meaning, owner, tags. What it computes never changes: that
 * is the next version. The trail gets each changed field, old and new; without a change nothing is written.
 */
export function updateFeature(
  deps: ChangeFeatureDeps,
): (input: UpdateFeatureInput, actor: string) => Promise<ChangeFeatureResult> {
  return async ({ name, version, ...fields }, actor) => {
    const checked = changeSchema.safeParse(givenIn(fields));
    if (!checked.success) return { feature: null, errors: issuesOf(checked.error) };
    const result = await deps.move(({ features }) => {
      const feature = newestOf(features, { name, version: version ?? null });
      if (!feature) return Promise.resolve(notRegistered({ name, version: version ?? null }));
      const { set, before } = changesOf(feature, checked.data);
      return Promise.resolve({
        feature,
        set,
        told: {
          at: deps.wall(),
          actor,
          action: 'updated',
          subject: featureSubject(feature),
          detail: { old: before, new: set },
        },
      });
    });
    return resultOf(result);
  };
}

/** A field given as null is not given, but for the meaning, which may be taken away. */
function givenIn(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([field, value]) => value !== undefined && (value !== null || field === 'businessMeaning'),
    ),
  );
}

function changesOf(
  feature: FeatureDefinition,
  wanted: z.infer<typeof changeSchema>,
): { set: Partial<FeatureMetadata>; before: Partial<FeatureMetadata> } {
  const set: Partial<FeatureMetadata> = {};
  const before: Partial<FeatureMetadata> = {};
  const take = <K extends keyof FeatureMetadata>(
    field: K,
    next: FeatureMetadata[K] | undefined,
  ): void => {
    if (next === undefined || JSON.stringify(next) === JSON.stringify(feature[field])) return;
    set[field] = next;
    before[field] = feature[field];
  };
  take('description', wanted.description);
  take('businessMeaning', wanted.businessMeaning);
  take('owner', wanted.owner);
  take('tags', wanted.tags ? [...new Set(wanted.tags)] : undefined);
  return { set, before };
}
