import type { Sql } from '../plant/ports.js';
import { takesFeature } from './model-features.js';

interface UserRow {
  model: string;
  version: number;
  featureNames: string[];
  recorded: string[] | null;
}

/**
 * Which versions of models take this version of a feature in PRODUCTION or SHADOW, as `churn@3`; asked on a
 * transaction of the caller's.
 */
export function featureUsersOn(
  sql: Sql,
): (feature: { name: string; version: number }) => Promise<string[]> {
  return async (feature) => {
    const rows = await sql.query<UserRow>(
      `select m.name as model, v.version, v.feature_names as "featureNames",
         v.report -> 'recipe' -> 'features' as recorded
       from model_version v join model m on m.id = v.model_id
       where v.stage in ('PRODUCTION', 'SHADOW') and $1 = any(v.feature_names)
       order by m.name, v.version`,
      [feature.name],
    );
    return rows
      .filter(({ featureNames, recorded }) => takesFeature(feature, featureNames, recorded ?? []))
      .map(({ model, version }) => `${model}@${version}`);
  };
}
