import { DAY_MS } from '../kernel/clock.js';
import { sqlParameters, type Parameters } from '../plant/parameters.js';
import { attributeParts } from './attribute-statement.store.js';
import { bordersSql, shiftSql, type Windows } from './distribution-sql.store.js';
import { compileRule, type RuleSql } from './rule-sql.store.js';
import type { StoredRule } from './quality.js';
import { QUALITY_COLUMNS, type QualityTable } from './table.js';
import { hashSql, TABLE_SQL } from './table-sql.store.js';

/** What a scan looks at. */
export interface ScanRequest {
  table: QualityTable;
  rules: readonly StoredRule[];
  /** The end of the windows. */
  asOf: Date;
  /** The instant that rules call now. */
  now: Date;
  /** Wall time; what came in from here on is judged by itself too. */
  freshSince: Date;
  /** 0: exact. Else values and rows whose hash ends in so many zero bits stand for the others. */
  sampleBits: number;
}

/** Ids listed for a rule that is broken. */
export const SAMPLE_IDS = 20;
/** Windows of the distribution shift, and of who counts as active. */
export const SHIFT_DAYS = { current: 7, reference: 30 } as const;
export const ACTIVE_DAYS = 30;

/**
 * One statement that looks at a table once: each CTE is a pass of its own kind, and the answer is one row of
 * JSON columns (see `RawScan` in read-scan.ts).
 */
export function compileScan(request: ScanRequest): { text: string; values: unknown[] } {
  const parameters = sqlParameters();
  const mask = parameters.add(2 ** request.sampleBits - 1, 'bigint');
  const fresh = parameters.add(request.freshSince, 'timestamptz');
  const rules = request.rules.map(({ rule }) =>
    compileRule(request.table, rule, parameters, request.now),
  );
  const ctes = [
    ...boundsPart(request.table, mask),
    statsPart(request.table, rules, mask, fresh),
    brokenPart(request.table, rules),
    ...uniqueParts(request.table, rules, fresh),
    ...repeatsPart(request.table),
    ...sourcesPart(request.table, fresh),
  ];
  const outputs = [
    '(select to_jsonb(x) from stats x) as stats',
    '(select jsonb_agg(x) from broken x) as broken',
    `(select x.n::float8 from (${TABLE_SQL[request.table].duplicates}) x) as duplicates`,
    ...rules.flatMap(({ unique }, index) =>
      unique.length > 0 ? [`(select to_jsonb(x) from unique_${index} x) as unique_${index}`] : [],
    ),
  ];
  if (hasSource(request.table)) outputs.push('(select jsonb_agg(x) from sources x) as sources');
  if (request.table === 'EVENT') outputs.push('(select to_jsonb(x) from crossed x) as crossed');
  if (TABLE_SQL[request.table].number) {
    ctes.push(...shiftPart(request.table, windows(parameters, request.asOf)));
    outputs.push('(select jsonb_agg(x) from shift x) as shift');
  }
  if (request.table === 'CUSTOMER') {
    const active = before(parameters, request.asOf, ACTIVE_DAYS);
    const parts = attributeParts(mask, active, windows(parameters, request.asOf));
    ctes.push(...parts.ctes);
    outputs.push(...parts.outputs);
  }
  return {
    text: `with ${ctes.join(',\n')}\nselect ${outputs.join(',\n')}`,
    values: parameters.values,
  };
}

function before(parameters: Parameters, asOf: Date, days: number): string {
  return parameters.add(new Date(asOf.getTime() - days * DAY_MS), 'timestamptz');
}

function windows(parameters: Parameters, asOf: Date): Windows {
  return {
    reference: before(parameters, asOf, SHIFT_DAYS.current + SHIFT_DAYS.reference),
    current: before(parameters, asOf, SHIFT_DAYS.current),
    until: before(parameters, asOf, 0),
  };
}

function boundsPart(table: QualityTable, mask: string): string[] {
  const { number, from, rowHash } = TABLE_SQL[table];
  if (!number) return [];
  const rows = `${from} where ${number.column} is not null and ${rowHash} & ${mask} = 0`;
  return [`bounds as materialized (${bordersSql(number.column, number.group, rows)})`];
}

/** Counts of rows, of what is there and distinct in each column, of outliers, of rows in reach of each rule. */
function statsPart(
  table: QualityTable,
  rules: readonly RuleSql[],
  mask: string,
  fresh: string,
): string {
  const sql = TABLE_SQL[table];
  const inner = [`${sql.rowHash} & ${mask} = 0 as sampled`, `${sql.fresh} >= ${fresh} as fresh`];
  const gathered = ['count(*) as rows'];
  const stats = ['g.rows'];
  const tally = (name: string, condition: string): void => {
    gathered.push(`count(*) filter (where ${condition}) as ${name}`);
    stats.push(`g.${name}`);
  };
  QUALITY_COLUMNS[table].forEach(({ name, kind }, index) => {
    const h = `h${index}`;
    inner.push(`${hashSql(sql.columns[name] ?? 'null', kind, name)} as ${h}`);
    tally(`p${index}`, `${h} is not null`);
    gathered.push(
      `array_agg(${h}) filter (where ${h} & ${mask} = 0) as v${index}`,
      `array_agg(${h}) filter (where sampled and ${h} is not null) as d${index}`,
    );
    for (const list of [`v${index}`, `d${index}`])
      stats.push(`(select count(distinct u) from unnest(g.${list}) u) as ${list}`);
  });
  if (sql.number) {
    const x = sql.number.column;
    inner.push(
      `(${x} < b.low or ${x} > b.high) as far`,
      `(${x} < b.low3 or ${x} > b.high3) as far3`,
    );
    tally('outliers', 'far');
    tally('outliers3', 'far3');
  }
  rules.forEach(({ scope, broken }, index) => {
    inner.push(`${scope} as s${index}`, `${broken ?? 'false'} as b${index}`);
    for (const flag of [`s${index}`, `b${index}`]) {
      tally(flag, flag);
      tally(`${flag}_fresh`, `${flag} and fresh`);
    }
  });
  const bounds = sql.number ? `left join bounds b on b.g = ${sql.number.group}` : '';
  // offset 0: without it every hash and condition would be computed once for each aggregate that names it;
  // and count(distinct) over all rows would sort them all by one of the columns first
  return `gathered as materialized (select ${gathered.join(', ')} from (
    select ${inner.join(', ')} from ${sql.from} ${bounds} offset 0) r),
  stats as (select ${stats.join(', ')} from gathered g)`;
}

/** The first ids that break each rule; rows that break none are only filtered. */
function brokenPart(table: QualityTable, rules: readonly RuleSql[]): string {
  const sql = TABLE_SQL[table];
  const checked = rules.flatMap(({ broken }, rule) => (broken === null ? [] : [{ rule, broken }]));
  if (checked.length === 0) return 'broken as (select 0 as rule, null::jsonb as ids where false)';
  const values = checked.map(({ rule, broken }) => `(${rule}, (${broken}))`).join(', ');
  const any = checked.map(({ broken }) => `(${broken})`).join(' or ');
  return `broken as (
    select i.rule, jsonb_agg(i.id order by i.place) as ids from (
      select r.rule, ${sql.id} as id, row_number() over (partition by r.rule order by ${sql.order}) as place
      from ${sql.from} cross join lateral (values ${values}) r(rule, broken)
      where (${any}) and r.broken) i
    where i.place <= ${SAMPLE_IDS} group by i.rule)`;
}

function uniqueParts(table: QualityTable, rules: readonly RuleSql[], fresh: string): string[] {
  const sql = TABLE_SQL[table];
  return rules.flatMap(({ scope, unique }, index) => {
    if (unique.length === 0) return [];
    const there = unique.map((value) => `(${value}) is not null`).join(' and ');
    return [
      `unique_${index} as (
        select count(*) as broken, count(*) filter (where u.fresh) as fresh,
          jsonb_agg(u.id order by u.place) filter (where u.place <= ${SAMPLE_IDS}) as ids
        from (select k.id, k.fresh, row_number() over (order by k.nth) as place from (
            select ${sql.id} as id, ${sql.fresh} >= ${fresh} as fresh,
              row_number() over (order by ${sql.order}) as nth,
              count(*) over (partition by ${unique.join(', ')}) as same
            from ${sql.from} where ${scope} and ${there}) k
          where k.same > 1) u)`,
    ];
  });
}

/** Events told more than once: same customer, instant and type. The covering index answers who they are. */
function repeatsPart(table: QualityTable): string[] {
  if (table !== 'EVENT') return [];
  return [
    `repeats as materialized (select e.user_id, e.at, e.type_id from event e where e.at is not null
      group by 1, 2, 3 having count(*) > 1)`,
    `twins as materialized (select e.user_id, e.at, e.type_id, e.source_id, e.value
      from repeats r join event e using (user_id, at, type_id))`,
    `crossed as (select count(*) as told, count(*) filter (where k.agree) as agreed from (
      select count(distinct w.source_id) as sources,
        count(distinct w.value) + (count(*) > count(w.value))::int = 1 as agree
      from twins w group by w.user_id, w.at, w.type_id) k where k.sources > 1)`,
  ];
}

function hasSource(table: QualityTable): boolean {
  return table === 'EVENT' || table === 'TICKET';
}

/** Rows by source, and how long after the fact the fresh ones came in. */
function sourcesPart(table: QualityTable, fresh: string): string[] {
  if (!hasSource(table)) return [];
  const event = table === 'EVENT';
  const from = event ? 'event r' : 'ticket r';
  const source = event ? 'r.source_id' : 'r.source';
  const came = event ? 'r.received_at' : 'r.created_at';
  const lag = `extract(epoch from ${came} - ${event ? 'r.at' : 'r.opened_at'})::float8`;
  const name = event ? '(select s.name from event_source s where s.id = a.source)' : 'a.source';
  return [
    `lags as (select ${source} as source, count(*) as received, max(${lag}) as longest,
        percentile_cont(0.99) within group (order by ${lag}) as p99
      from ${from} where ${came} >= ${fresh} group by 1)`,
    `sources as (select ${name} as source, a.rows, coalesce(l.received, 0) as received, l.longest, l.p99
      from (select ${source} as source, count(*) as rows from ${from} group by 1) a
      left join lags l on l.source = a.source)`,
  ];
}

function shiftPart(table: QualityTable, { reference, current, until }: Windows): string[] {
  const { number, from } = TABLE_SQL[table];
  if (!number) return [];
  return [
    `told as materialized (select ${number.groupName} as g, ${number.column} as x,
        ${number.at} >= ${current} as current
      from ${from} where ${number.at} >= ${reference} and ${number.at} < ${until}
        and ${number.column} is not null)`,
    `shift as (${shiftSql('told')})`,
  ];
}
