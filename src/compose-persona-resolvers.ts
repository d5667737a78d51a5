import type { composePersonas } from './compose-personas.js';
import { personaLoaders, type PersonaLoaders } from './segment/persona/persona-loaders.js';
import {
  PersonaTextResolver,
  SegmentNameResolver,
  type SegmentNameResolverDeps,
} from './segment/persona/persona-text.resolver.js';
import {
  SegmentationPersonaResolver,
  SegmentPersonaResolver,
  type SegmentationPersonaDeps,
} from './segment/persona/persona.resolver.js';

/**
 * Per-request reads of names and texts; the segment room's own resolvers take `names` from here.
 * @param keysOf keys of the live segments of a segmentation: a run in another process may have named some just now, and
 * where one is missing the names are read again
 */
export function openPersonaLoaders(
  { names, recent }: ReturnType<typeof composePersonas>,
  keysOf: (modelId: string) => readonly string[] = () => [],
): PersonaLoaders {
  return personaLoaders({
    ofLocales: recent.ofLocales,
    ofModels: async (modelIds) => {
      const rows = await recent.ofModels(modelIds);
      const all = modelIds.every((id) => {
        const named = new Set(rows.flatMap(({ modelId, key }) => (modelId === id ? [key] : [])));
        return keysOf(id).every((key) => named.has(key));
      });
      return all ? rows : names.ofModels(modelIds);
    },
  });
}

/** Personas, names and texts in the graph. */
export function personaResolvers(parts: {
  personas: ReturnType<typeof composePersonas>;
  loaders: PersonaLoaders;
  liveSizes: SegmentationPersonaDeps['liveSizes'];
  segmentationByKey: SegmentNameResolverDeps['segmentationByKey'];
  inStage: SegmentNameResolverDeps['inStage'];
}): object[] {
  const { personas, loaders, liveSizes, segmentationByKey, inStage } = parts;
  return [
    new SegmentPersonaResolver(loaders),
    new SegmentationPersonaResolver({ ...loaders, liveSizes }),
    new PersonaTextResolver(personas.texts),
    new SegmentNameResolver({ rename: personas.names.rename, segmentationByKey, inStage }),
  ];
}
