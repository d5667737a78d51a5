import type { Parameters } from '../plant/parameters.js';
import type { Sql } from '../plant/ports.js';
import { MIN_OWN_TEXT, mentionPatterns, REDACTED, type Traces } from './mentions.js';
import { relatedTable, type CatalogueTable, type PolicedTable } from './personal-tables.js';
import type { Clause } from './policy.js';

type Column = CatalogueTable['columns'][number];

const CATALOGUE = `
select n.nspname as schema, c.relname as name,
  coalesce(obj_description(c.oid, 'pg_class'), obj_description(n.oid, 'pg_namespace')) as comment,
  (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, null)) order by a.attnum)
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     and a.attgenerated = '') as columns,
  (select a.attname from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid
     and a.attnum = p.partattrs[0]
   where p.partrelid = c.oid and a.atttypid = 'timestamptz'::regtype) as "partitionedBy",
  (n.oid = (select relnamespace from pg_class where oid = to_regclass('customer'))
    or n.nspname = 'bullmq') as ours
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
order by 1, 2`;

/** Every table of the database as its catalogue has it now; partitions follow their parent. */
export async function readCatalogue(sql: Sql): Promise<CatalogueTable[]> {
  const rows = await sql.query<Omit<CatalogueTable, 'columns'> & { columns: Column[] | null }>(
    CATALOGUE,
  );
  return rows.map((row) => ({ ...row, columns: row.columns ?? [] }));
}

/** What the customer can be found by; null when no customer has the key. */
export async function readTraces(sql: Sql, externalId: string): Promise<Traces | null> {
  const [row] = await sql.query<Traces>(
    `select c.id, c.external_id as "externalId", c.email, c.name, array(
       select a.value #>> '{}' from jsonb_each(c.attributes) a
       where jsonb_typeof(a.value) = 'string' and length(a.value #>> '{}') >= ${MIN_OWN_TEXT}
         and not exists (
           select from customer o where o.id <> c.id and o.attributes ->> a.key = a.value #>> '{}')
     ) as "ownTexts"
     from customer c where c.external_id = $1`,
    [externalId],
  );
  return row ?? null;
}

/** A name from the catalogue, as an identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The table with its schema. */
export function tableName({ schema, name }: CatalogueTable): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

const HOLDS_TEXT = new Set(['text', 'character varying', 'json', 'jsonb', 'text[]']);

/** The columns that a `mentions` is about. */
export function mentioningColumns(
  table: CatalogueTable,
  { columns }: Extract<Clause, { kind: 'mentions' }>,
): Column[] {
  return table.columns.filter(({ name, type }) =>
    columns === null ? HOLDS_TEXT.has(type) : columns.includes(name),
  );
}

/** Builds the conditions of one customer; `t` is the table. */
export interface ConditionMaker {
  /** Null where the clause is about no rows. `sharedToo` also takes rows that others have a share in. */
  of(
    table: PolicedTable,
    clause: Clause,
    parameters: Parameters,
    sharedToo: boolean,
  ): string | null;
  /** Assignments that take the mentions out. */
  redactions(table: PolicedTable, clause: Clause, parameters: Parameters): string;
}

/** Conditions by the policies; every value is a parameter, every identifier comes from the catalogue. */
export function conditionMaker(traces: Traces, all: readonly PolicedTable[]): ConditionMaker {
  const patterns = mentionPatterns(traces);
  const patternOf = ({ type }: Column): string =>
    type.startsWith('json') ? patterns.json : patterns.text;
  const belongs = (
    table: PolicedTable,
    alias: string,
    { column, holds }: Extract<Clause, { kind: 'by' }>,
    parameters: Parameters,
    operator: '=' | '<>' = '=',
  ): string => {
    const value =
      holds === 'id'
        ? parameters.add(traces.id, 'bigint')
        : parameters.add(traces.externalId, 'text');
    // bounded, so that indexes that are partial on the instant can be used
    const bound = table.partitionedBy
      ? ` and ${alias}.${identifier(table.partitionedBy)} >= '-infinity'`
      : '';
    return `${alias}.${identifier(column)} ${operator} ${value}${bound}`;
  };
  const goesWith = (
    table: PolicedTable,
    clause: Extract<Clause, { kind: 'with' }>,
    parameters: Parameters,
    sharedToo: boolean,
  ): string | null => {
    const other = relatedTable(clause.table, table.schema, all);
    const by = other?.clauses.find((each) => each.kind === 'by');
    if (!other || !by) return null;
    const joined = clause.pairs
      .map(([own, its]) => `p.${identifier(its)} = t.${identifier(own)}`)
      .join(' and ');
    const rows = (operator: '=' | '<>'): string =>
      `exists (select from ${tableName(other)} p where ${belongs(other, 'p', by, parameters, operator)} and ${joined})`;
    return clause.unlessShared && !sharedToo ? `${rows('=')} and not ${rows('<>')}` : rows('=');
  };
  return {
    of(table, clause, parameters, sharedToo) {
      switch (clause.kind) {
        case 'none':
          return null;
        case 'self':
          return `t.id = ${parameters.add(traces.id, 'bigint')}`;
        case 'by':
          return belongs(table, 't', clause, parameters);
        case 'with':
          return goesWith(table, clause, parameters, sharedToo);
        case 'bitmap': {
          const column = `t.${identifier(clause.column)}`;
          const id = parameters.add(traces.id, 'bigint');
          return `case when octet_length(${column})::bigint * 8 > ${id} then get_bit(${column}, ${id}) = 1 end`;
        }
        case 'mentions': {
          const found = mentioningColumns(table, clause).map(
            (column) =>
              `t.${identifier(column.name)}::text ~* ${parameters.add(patternOf(column), 'text')}`,
          );
          return found.length > 0 ? `(${found.join(' or ')})` : null;
        }
      }
    },
    redactions(table, clause, parameters) {
      if (clause.kind !== 'mentions') return '';
      return mentioningColumns(table, clause)
        .map((column) => {
          const name = identifier(column.name);
          const pattern = parameters.add(patternOf(column), 'text');
          return `${name} = regexp_replace(t.${name}::text, ${pattern}, '${REDACTED}', 'gi')::${column.type}`;
        })
        .join(', ');
    },
  };
}
