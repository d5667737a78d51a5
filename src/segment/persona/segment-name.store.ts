import type { AuditOn } from '../../access/audit.store.js';
import type { Clock } from '../../kernel/clock.js';
import type { Database, Sql } from '../../plant/ports.js';
import type { SegmentName } from '../segment.js';
import { encodeNameKey } from './segment-name.js';

/** Why a segment was not renamed; null when it was. */
export type RenameRefusal = 'UNKNOWN_KEY' | 'TAKEN' | null;

export interface SegmentNameStore {
  /** For loaders: every name that segments of these segmentations have or had; one statement. */
  ofModels(modelIds: readonly string[]): Promise<SegmentName[]>;
  /**
   * Gives names to segments that have none: `choose` sees those that are given, and the keys whose names the rules gave
   * and only versions have that never answered, and answers further names, by key. One call a segmentation at a time, in
   * whatever process.
   */
  add(
    modelId: string,
    choose: (
      given: ReadonlyMap<string, string>,
      free: ReadonlySet<string>,
    ) => ReadonlyMap<string, string>,
  ): Promise<void>;
  /** Audited; a name that another segment has, in whatever case, is refused. */
  rename(wanted: {
    modelId: string;
    /** Of the segmentation, for the audit trail. */
    segmentation: string;
    key: string;
    name: string;
    by: string;
  }): Promise<RenameRefusal>;
}

const COLUMNS = `model_id as "modelId", key, name, named_by as "namedBy"`;

/** Keys of versions that answer or may have answered. */
const ANSWERED_KEYS = `select distinct s ->> 'key' as key
  from model_version v, jsonb_array_elements(v.report #> '{segmentation,segments}') s
  where v.model_id = $1 and v.stage not in ('CANDIDATE', 'SHADOW')`;

/** Names of segments in Postgres. */
export function segmentNameStore(db: Database, audit: AuditOn, clock: Clock): SegmentNameStore {
  const locked = async (sql: Sql, modelId: string): Promise<SegmentName[]> => {
    // the row of the segmentation stands for all of its names
    await sql.query('select id from model where id = $1 for no key update', [modelId]);
    return sql.query<SegmentName>(
      `select ${COLUMNS} from segment_name where model_id = $1 order by key`,
      [modelId],
    );
  };
  return {
    ofModels: (modelIds) =>
      db.query<SegmentName>(
        `select ${COLUMNS} from segment_name where model_id = any($1::uuid[]) order by model_id, key`,
        [modelIds],
      ),
    add: (modelId, choose) =>
      db.transaction(async (sql) => {
        const given = await locked(sql, modelId);
        const answered = await sql.query<{ key: string }>(ANSWERED_KEYS, [modelId]);
        const bound = new Set(answered.map(({ key }) => key));
        const free = given.filter(({ key, namedBy }) => namedBy === null && !bound.has(key));
        const names = new Map(given.map(({ key, name }) => [key, name]));
        const chosen = [...choose(names, new Set(free.map(({ key }) => key)))];
        await sql.query(
          `insert into segment_name (model_id, key, name, named_by, updated_at)
           select $1, n.key, n.name, null, $4 from unnest($2::text[], $3::text[]) as n (key, name)
           on conflict (model_id, key) do nothing`,
          [modelId, chosen.map(([key]) => key), chosen.map(([, name]) => name), clock.wall()],
        );
      }),
    rename: ({ modelId, segmentation, key, name, by }) =>
      db.transaction(async (sql) => {
        const given = await locked(sql, modelId);
        const own = given.find((each) => each.key === key);
        if (!own) return 'UNKNOWN_KEY';
        const wanted = encodeNameKey(name);
        if (given.some((each) => each.key !== key && encodeNameKey(each.name) === wanted))
          return 'TAKEN';
        if (own.name === name && own.namedBy !== null) return null;
        const at = clock.wall();
        await sql.query(
          `update segment_name set name = $3, named_by = $4, updated_at = $5
           where model_id = $1 and key = $2`,
          [modelId, key, name, by, at],
        );
        await audit(sql).write({
          at,
          actor: by,
          action: 'segment.renamed',
          subject: `SegmentName:${segmentation}/${key}`,
          detail: { from: own.name, to: name },
        });
        return null;
      }),
  };
}
