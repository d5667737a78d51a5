import type { Sql } from '../plant/ports.js';

/** Keys of the segmentations of which a version is live. */
export function liveSegmentations(db: Sql): () => Promise<string[]> {
  return async () =>
    (
      await db.query<{ name: string }>(
        `select m.name from model m join model_version v on v.model_id = m.id
         where m.task = 'CLUSTERING' and v.stage = 'PRODUCTION' order by m.name`,
      )
    ).map(({ name }) => name);
}
