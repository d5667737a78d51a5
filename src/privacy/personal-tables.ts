import { AppError } from '../kernel/error.js';
import { parsePolicy, type Clause } from './policy.js';

/** A table as the catalogue of the database describes it; partitions are not listed, their parent is. */
export interface CatalogueTable {
  schema: string;
  name: string;
  /** Of the table, else of its schema. */
  comment: string | null;
  columns: { name: string; type: string }[];
  /** Column that says in which partition a row is, where it is an instant. */
  partitionedBy: string | null;
  /** Whether it belongs to the installation: in the schema of `customer`, or in the queue's. */
  ours: boolean;
}

/** A table of which a policy is known. */
export interface PolicedTable extends CatalogueTable {
  clauses: Clause[];
}

/**
 * The tables with their policies. Without one, a table of ours with a column `user_id` is taken to belong to
 * customers by it; tables of other programs in the same database are left alone unless they state a policy.
 * @throws AppError CONFIGURATION naming every table of ours of which nothing is known, and every policy that
 * names a column or table that is not there: better no erasure than one that left something
 */
export function policedTables(tables: readonly CatalogueTable[]): PolicedTable[] {
  const problems: string[] = [];
  const policed = tables.flatMap((table): PolicedTable[] => {
    try {
      const clauses = parsePolicy(table.comment) ?? assumed(table);
      if (clauses) return [{ ...table, clauses }];
      if (table.ours) problems.push(`${nameOf(table)} states no privacy policy`);
    } catch (error) {
      problems.push(`${nameOf(table)}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return [];
  });
  for (const table of policed) problems.push(...missingParts(table, policed));
  if (problems.length > 0)
    throw new AppError(
      'CONFIGURATION',
      `${problems.join('; ')}: say in "comment on table" what it holds about customers (docs/privacy.md)`,
    );
  return policed;
}

function nameOf({ schema, name }: CatalogueTable): string {
  return `table ${schema}.${name}`;
}

function assumed({ ours, columns }: CatalogueTable): Clause[] | null {
  return ours && columns.some(({ name }) => name === 'user_id')
    ? [{ kind: 'by', column: 'user_id', holds: 'id' }]
    : null;
}

function missingParts(table: PolicedTable, all: readonly PolicedTable[]): string[] {
  const has = (of: CatalogueTable, column: string): boolean =>
    of.columns.some(({ name }) => name === column);
  const wanted = table.clauses.flatMap((clause): string[] => {
    switch (clause.kind) {
      case 'none':
      case 'self':
        return [];
      case 'by':
      case 'bitmap':
        return [clause.column];
      case 'mentions':
        return clause.columns ?? [];
      case 'with':
        return clause.pairs.map(([own]) => own);
    }
  });
  const problems = wanted
    .filter((column) => !has(table, column))
    .map((column) => `${nameOf(table)} has no column ${column}`);
  for (const clause of table.clauses) {
    if (clause.kind !== 'with') continue;
    const other = relatedTable(clause.table, table.schema, all);
    if (!other)
      problems.push(`${nameOf(table)} goes with ${clause.table}, which is no table by id`);
    else
      for (const [, its] of clause.pairs)
        if (!has(other, its)) problems.push(`${nameOf(other)} has no column ${its}`);
  }
  return problems;
}

/** The table that a `with` names: of the same schema, belonging to customers by a column. */
export function relatedTable(
  name: string,
  schema: string,
  all: readonly PolicedTable[],
): PolicedTable | null {
  const found = all.find((table) => table.name === name && table.schema === schema);
  return found?.clauses.some(({ kind }) => kind === 'by') ? found : null;
}
