import { auditStore } from './access/audit.store.js';
import type { Plant } from './compose-models.js';
import { seedPersonaTexts } from './segment/persona/edit-persona-texts.js';
import { nameNewSegments } from './segment/persona/keep-names.js';
import { personaTextStore } from './segment/persona/persona-text.store.js';
import { recentPersonas } from './segment/persona/recent-personas.js';
import { segmentNameStore } from './segment/persona/segment-name.store.js';

/** What is said of segments and what they are called; for every process, without what the graph needs. */
export function composePersonas({ db, clock }: Pick<Plant, 'db' | 'clock'>) {
  const { names, texts, recent } = recentPersonas(
    {
      names: segmentNameStore(db, auditStore, clock),
      texts: personaTextStore(db, auditStore, clock),
    },
    () => clock.monotonicMs(),
  );
  return {
    names,
    texts,
    recent,
    /** For the SEGMENT job, when a version is registered. */
    nameSegments: nameNewSegments(names),
    /** Boot step of the process that owns the installation. */
    seedTexts: (modelsFolder: string): Promise<number> => seedPersonaTexts(texts, modelsFolder),
  };
}
