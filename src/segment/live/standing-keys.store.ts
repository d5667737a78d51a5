import type { Sql } from '../../plant/ports.js';

/** The segment of every customer of a segmentation who agrees to profiling, by customer. */
export function standingKeys(db: Sql): (modelId: string) => Promise<Map<number, string>> {
  return async (modelId) => {
    const rows = await db.query<{ userId: number; key: string }>(
      `select s.user_id as "userId", s.segment_key as key from segment_membership s
       join customer c on c.id = s.user_id and c.consent_profiling
       where s.model_id = $1 and s.until is null`,
      [modelId],
    );
    return new Map(rows.map(({ userId, key }) => [userId, key]));
  };
}
