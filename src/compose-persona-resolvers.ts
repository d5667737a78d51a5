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

/** Per-request reads of names and texts; the segment room's own resolvers take `names` from here. */
export function openPersonaLoaders({
  names,
  texts,
}: ReturnType<typeof composePersonas>): PersonaLoaders {
  return personaLoaders({ ofLocales: texts.ofLocales, ofModels: names.ofModels });
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
