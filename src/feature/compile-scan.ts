import type { Aggregate } from './compile-aggregate.js';
import { typeCondition } from './compile-scope.js';
import type { Placeholders } from './placeholders.js';

/** How the statement goes through the events: user by user, or all of them grouped. */
export type Access = 'byUser' | 'grouped';

/** Whose events a scan goes through, and how. */
export interface ScanForm {
  access: Access;
  everyone: boolean;
  stretch: boolean;
}

/** Passes over the events, each a join to the users; equal aggregates share one column. */
export interface Scans {
  /** Puts an aggregate into the pass it belongs to; the value as float8. */
  valueOf: (aggregate: Aggregate) => string;
  /** The joins of all passes used, to whoever has the id. */
  joins: (id: string) => string[];
}

interface Scan {
  alias: string;
  aggregates: Map<string, { alias: string; aggregate: Aggregate }>;
}

/**
 * One pass reads the covering index, one the rows. Over everyone the rows are read as they lie, which sorted
 * aggregates would forbid: there each count of distinct things is a pass of its own, grouped twice.
 */
export function scansOver(form: ScanForm, at: Placeholders): Scans {
  const { everyone } = form;
  const index: Scan = { alias: 's0', aggregates: new Map() };
  const rows: Scan = { alias: 's1', aggregates: new Map() };
  const counts = new Map<string, Scan>();
  const passOf = (aggregate: Aggregate): Scan => {
    if (!aggregate.readsRow) return index;
    if (!aggregate.counts || !everyone) return rows;
    const own = counts.get(aggregate.sql) ?? {
      alias: `s${counts.size + 2}`,
      aggregates: new Map(),
    };
    counts.set(aggregate.sql, own);
    return own;
  };
  const isOwn = (scan: Scan): boolean => scan !== index && scan !== rows;
  return {
    valueOf(aggregate) {
      const scan = passOf(aggregate);
      let known = scan.aggregates.get(aggregate.sql);
      if (!known) {
        known = { alias: `a${scan.aggregates.size}`, aggregate };
        scan.aggregates.set(aggregate.sql, known);
      }
      return aggregate.valueOf(`${scan.alias}.${known.alias}`);
    },
    joins: (id) =>
      [index, rows, ...counts.values()]
        .filter(({ aggregates }) => aggregates.size > 0)
        .map((scan) =>
          isOwn(scan)
            ? `left join (${countsSql(scan, form, at)}) ${scan.alias} on ${scan.alias}.user_id = ${id}`
            : joinSql(scan, id, form, at),
        ),
  };
}

function joinSql(scan: Scan, id: string, form: ScanForm, at: Placeholders): string {
  const entries = [...scan.aggregates.values()];
  const calls = entries.map(({ alias, aggregate }) => `${aggregate.sql} as ${alias}`).join(', ');
  const bounds = boundsOf(
    entries.map(({ aggregate }) => aggregate),
    at,
  );
  if (form.access === 'byUser')
    return `cross join lateral (select ${calls} from event e where e.user_id = ${id} and ${bounds}) ${scan.alias}`;
  return `left join (select e.user_id, ${calls} from event e where ${bounds}${whose(form, at)} group by e.user_id) ${scan.alias} on ${scan.alias}.user_id = ${id}`;
}

function whose({ everyone, stretch }: ScanForm, at: Placeholders): string {
  if (stretch) return ` and ${at.inStretch('e.user_id')}`;
  return everyone ? '' : ` and e.user_id = any(${at.users()})`;
}

/** Who has none is absent, and counts as 0. `is not null` lets the index of devices answer. */
function countsSql({ aggregates }: Scan, form: ScanForm, at: Placeholders): string {
  const [{ alias, aggregate } = { alias: '', aggregate: null }] = aggregates.values();
  if (!aggregate?.counts) return '';
  const { thing, conditions } = aggregate.counts;
  const where = [boundsOf([aggregate], at), ...conditions, `(${thing}) is not null`].join(' and ');
  return `select r.user_id, count(*) as ${alias} from (select distinct e.user_id, ${thing} as x from event e where ${where}${whose(form, at)}) r group by r.user_id`;
}

/** What every aggregate of the scan has in common: the widest window, the latest end, the union of the types. */
function boundsOf(aggregates: readonly Aggregate[], at: Placeholders): string {
  const latest = Math.min(...aggregates.map(({ scope }) => scope.offsetDays ?? 0));
  const conditions = [`e.at < ${latest > 0 ? at.daysBefore(latest) : at.asOf()}`];
  const widest = Math.max(
    ...aggregates.map(({ scope }) => (scope.windowDays ?? Infinity) + (scope.offsetDays ?? 0)),
  );
  if (widest < Infinity) conditions.push(`e.at >= ${at.daysBefore(widest)}`);
  const types = aggregates.map(({ scope }) => scope.types);
  if (types.every((list) => list !== undefined))
    conditions.push(typeCondition([...new Set(types.flat())].sort(), at));
  return conditions.join(' and ');
}
