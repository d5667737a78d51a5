import { bordersSql, shiftSql, type Windows } from './distribution-sql.store.js';
import { openNumber } from './rule-sql.store.js';

/** Attributes reported: the most frequent. */
export const MOST_ATTRIBUTES = 100;
/** Categories of fewer customers are left out: they say nothing of the many, and might name somebody. */
export const FEWEST_CUSTOMERS = 5;
/** A text or boolean attribute with at most so many values is looked at for sampling bias. */
export const MOST_CATEGORIES = 20;

/** The attributes of customers, one row an attribute of a customer, as further CTEs of the scan of customers. */
export function attributeParts(
  mask: string,
  active: string,
  { reference, current, until }: Windows,
): { ctes: string[]; outputs: string[] } {
  const ctes = [
    `cells as materialized (
      select a.key as g, jsonb_hash_extended(a.value, 0) as h, jsonb_typeof(a.value) as kind,
        ${openNumber('a.value')} as x,
        case when jsonb_typeof(a.value) <> 'number' then a.value #>> '{}' end as category,
        hashint8extended(c.id, 0) & ${mask} = 0 as sampled,
        coalesce(c.last_active_at >= ${active} and c.last_active_at < ${until}, false) as active,
        c.registered_at as at
      from customer c cross join lateral jsonb_each(c.attributes) a
      where jsonb_typeof(a.value) <> 'null' and a.value <> '""'::jsonb)`,
    `attribute_bounds as materialized (${bordersSql('x', 'g', 'cells where x is not null and sampled')})`,
    `attributes as materialized (
      select k.g as name, count(*) as present, array_agg(distinct k.kind order by k.kind) as kinds,
        count(distinct k.h) filter (where k.h & ${mask} = 0) as v,
        count(distinct k.h) filter (where k.sampled) as d,
        count(*) filter (where k.x < b.low or k.x > b.high) as outliers,
        count(*) filter (where k.x < b.low3 or k.x > b.high3) as outliers3
      from cells k left join attribute_bounds b on b.g = k.g
      group by k.g order by count(*) desc, k.g collate "C" limit ${MOST_ATTRIBUTES})`,
    `bias as (
      select k.g as name, k.category as value, count(*) as n, count(*) filter (where k.active) as active
      from cells k join attributes a on a.name = k.g and a.d <= ${MOST_CATEGORIES}
      where k.category is not null group by 1, 2 having count(*) >= ${FEWEST_CUSTOMERS})`,
    `attribute_told as materialized (
      select k.g, k.x, k.at >= ${current} as current from cells k
      where k.x is not null and k.at >= ${reference} and k.at < ${until})`,
    `attribute_shift as (${shiftSql('attribute_told')})`,
  ];
  return {
    ctes,
    outputs: [
      '(select jsonb_agg(x) from attributes x) as attributes',
      '(select jsonb_agg(x) from bias x) as bias',
      '(select jsonb_agg(x) from attribute_shift x) as attribute_shift',
    ],
  };
}
