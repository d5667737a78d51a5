import type { Database } from '../plant/ports.js';
import { featureReport, type FeatureDistribution } from './feature-statistics.js';

/** The distribution of a feature on a day. */
export interface FeatureDay extends FeatureDistribution {
  featureId: string;
  /** UTC, as YYYY-MM-DD. */
  day: string;
  /** Only events before it counted. */
  asOf: Date;
  computedAt: Date;
}

export interface FeatureDays {
  featureIds: readonly string[];
  /** Days as YYYY-MM-DD, both included. */
  since: string;
  until: string;
  /** Days of each feature at most, the newest. */
  first: number;
}

export interface FeatureStatisticsStore {
  /** Writes rows of different features; of one feature and day the one as of the later instant stands. */
  write: (rows: readonly FeatureDay[]) => Promise<void>;
  /** The newest row of each feature as of no later than `until`; features without one are left out. */
  newest: (featureIds: readonly string[], until: Date) => Promise<FeatureDay[]>;
  /** Newest first; one statement for all features. */
  days: (request: FeatureDays) => Promise<FeatureDay[]>;
  /** Ids of the features that have a row as of no later than `until`. */
  computed: (until: Date) => Promise<Set<string>>;
}

interface Row {
  featureId: string;
  day: string;
  asOf: Date;
  computedAt: Date;
  rows: number;
  missing: number;
  report: unknown;
}

const COLUMNS = `s.feature_id as "featureId", s.day::text as day, s.as_of as "asOf",
  s.computed_at as "computedAt", s.rows, s.missing, s.report`;

function toDay({ report, ...row }: Row): FeatureDay {
  return { ...row, ...featureReport.parse(report) };
}

/** Distributions of features by day in Postgres. */
export function featureStatisticsStore(db: Pick<Database, 'query'>): FeatureStatisticsStore {
  return {
    write: async (days) => {
      if (days.length === 0) return;
      const column = <T>(of: (day: FeatureDay) => T): T[] => days.map(of);
      await db.query(
        `insert into feature_statistics (feature_id, day, as_of, computed_at, rows, missing, report)
         select * from unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[],
           $7::jsonb[])
         on conflict (feature_id, day) do update set as_of = excluded.as_of, computed_at = excluded.computed_at,
           rows = excluded.rows, missing = excluded.missing, report = excluded.report
         where feature_statistics.as_of <= excluded.as_of`,
        [
          column(({ featureId }) => featureId),
          column(({ day }) => day),
          column(({ asOf }) => asOf),
          column(({ computedAt }) => computedAt),
          column(({ rows }) => rows),
          column(({ missing }) => missing),
          column(({ summary, histogram, categories, outliers }) =>
            JSON.stringify({ summary, histogram, categories, outliers }),
          ),
        ],
      );
    },
    newest: async (featureIds, until) => {
      const rows = await db.query<Row>(
        `select ${COLUMNS} from unnest($1::uuid[]) as f(id) cross join lateral (
           select * from feature_statistics where feature_id = f.id and as_of <= $2
           order by day desc limit 1) s`,
        [featureIds, until],
        { name: 'feature_statistics_newest' },
      );
      return rows.map(toDay);
    },
    days: async ({ featureIds, since, until, first }) => {
      const rows = await db.query<Row>(
        `select ${COLUMNS} from unnest($1::uuid[]) as f(id) cross join lateral (
           select * from feature_statistics where feature_id = f.id and day between $2::date and $3::date
           order by day desc limit $4) s
         order by s.day desc`,
        [featureIds, since, until, first],
        { name: 'feature_statistics_days' },
      );
      return rows.map(toDay);
    },
    computed: async (until) => {
      const rows = await db.query<{ id: string }>(
        'select distinct feature_id as id from feature_statistics where as_of <= $1',
        [until],
      );
      return new Set(rows.map(({ id }) => id));
    },
  };
}
