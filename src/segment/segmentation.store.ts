import type { Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { uuidv7 } from '../kernel/uuid.js';
import { numberArray } from '../plant/parameters.js';
import type { Database } from '../plant/ports.js';
import { parseSegmentationSpec, type SegmentationSpec } from './segmentation-spec.js';
import type { SegmentationModel } from './segmentation.js';

/** A customer on the scatter chart of a version. */
export interface SegmentPoint {
  userId: number;
  segmentKey: string;
  x: number;
  y: number;
}

export interface SegmentationStore {
  /** Every segmentation, by key. */
  list(): Promise<SegmentationModel[]>;
  byKey(key: string): Promise<SegmentationModel | null>;
  /**
   * Registers the segmentation; one of that key takes on the recipe and description.
   * @throws AppError CONFLICT when a model that scores has the name
   */
  ensure(spec: SegmentationSpec): Promise<SegmentationModel>;
  /** Every key that a segment of it ever had. */
  usedKeys(modelId: string): Promise<string[]>;
  /**
   * Replaces the points of a version; those of customers who were erased or opted out meanwhile are left out. Of the
   * segmentation's versions the newest `VERSIONS_WITH_POINTS`, and the live one, keep theirs.
   */
  writePoints(versionId: string, points: readonly SegmentPoint[]): Promise<void>;
  /** The first of a version's sample who agree to profiling. */
  points(versionId: string, first: number): Promise<SegmentPoint[]>;
}

/** A chart of 5,000 customers is half a megabyte; nobody looks at that of a version long replaced. */
export const VERSIONS_WITH_POINTS = 5;

const MODEL = `id, name, description, spec, created_at as "createdAt"`;

type Row = Omit<SegmentationModel, 'spec'> & { spec: unknown };

/** Segmentations in Postgres; their versions are the model room's. */
export function segmentationStore(db: Database, clock: Clock): SegmentationStore {
  const models = async (where: string, values: readonly unknown[]): Promise<SegmentationModel[]> =>
    (
      await db.query<Row>(
        `select ${MODEL} from model where task = 'CLUSTERING' and ${where}`,
        values,
      )
    ).map((row) => ({
      ...row,
      spec: parseSegmentationSpec(row.spec, `segmentation ${row.name}`),
    }));
  const byKey = async (key: string): Promise<SegmentationModel | null> =>
    (await models('name = $1', [key]))[0] ?? null;
  return {
    list: () => models('true order by name', []),
    byKey,
    async ensure(spec) {
      const { name, task, description } = spec;
      await db.query(
        `insert into model (id, name, task, description, spec, created_at)
         values ($1, $2, $3::model_task, $4, $5, $6) on conflict (name) do update
         set description = excluded.description, spec = excluded.spec
         where model.task = 'CLUSTERING'
           and (model.description, model.spec) is distinct from (excluded.description, excluded.spec)`,
        [uuidv7(clock.wall()), name, task, description, JSON.stringify(spec), clock.wall()],
      );
      const model = await byKey(name);
      if (!model) throw new AppError('CONFLICT', `key ${name} is the name of a model that scores`);
      return model;
    },
    usedKeys: async (modelId) =>
      (
        await db.query<{ key: string }>(
          // a version may have been registered by a run that ended before its segments were named
          `select key from segment_name where model_id = $1
           union select s ->> 'key' from model_version v
             cross join jsonb_array_elements(v.report -> 'segmentation' -> 'segments') s where v.model_id = $1
           order by 1`,
          [modelId],
        )
      ).map(({ key }) => key),
    writePoints: (versionId, points) =>
      db.transaction(async (sql) => {
        await sql.query('delete from segment_point where model_version_id = $1', [versionId]);
        await sql.query(
          `insert into segment_point (model_version_id, user_id, position, segment_key, x, y)
           select $1, p.user_id, p.position - 1, p.segment_key, p.x, p.y
           from unnest($2::bigint[], $3::text[], $4::float8[], $5::float8[])
             with ordinality as p (user_id, segment_key, x, y, position)
           join customer c on c.id = p.user_id and c.consent_profiling
           for key share of c`,
          [
            versionId,
            numberArray(points.map(({ userId }) => userId)),
            points.map(({ segmentKey }) => segmentKey),
            points.map(({ x }) => x),
            points.map(({ y }) => y),
          ],
        );
        await sql.query(
          `delete from segment_point where model_version_id in (
             select v.id from model_version v
             where v.stage <> 'PRODUCTION'
               and v.model_id = (select model_id from model_version where id = $1)
             order by v.version desc offset $2)`,
          [versionId, VERSIONS_WITH_POINTS],
        );
      }),
    points: (versionId, first) =>
      db.query<SegmentPoint>(
        `select p.user_id as "userId", p.segment_key as "segmentKey", p.x, p.y from segment_point p
         join customer c on c.id = p.user_id and c.consent_profiling
         where p.model_version_id = $1 order by p.position limit $2`,
        [versionId, first],
      ),
  };
}
