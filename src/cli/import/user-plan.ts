import { RowError, type Cell } from './cell.js';
import {
  emptyProfile,
  judgeColumn,
  profileCell,
  storeCell,
  type ColumnProfile,
  type ColumnVerdict,
} from './column-profile.js';
import { indexOf, Problems, unknownColumn, type CellGetter, type Columns } from './columns.js';
import type { AttributeColumn, ImportedUser } from './context.js';
import { filterOf, textOrNull, type Planned } from './event-plan.js';
import { splitList, type UserMapping } from './mapping.js';
import type { Table } from './csv-reader.js';
import { atGetter, namedValues, requiredText, valueOf, type NamedValue } from './value.js';

export interface PlannedUsers extends Planned<ImportedUser> {
  /** In the order of the file; those that become no feature have a reason. */
  attributes: { name: string; verdict: ColumnVerdict }[];
  /** What to register. */
  features: AttributeColumn[];
}

/** A mapping of users that was checked; the kinds of its columns are not known yet. */
export interface UserColumns {
  mapping: UserMapping;
  attributes: NamedValue[];
  notes: string[];
  where: ((cells: readonly Cell[]) => boolean) | null;
  parts: {
    id: (cells: readonly Cell[]) => string;
    registered: ((cells: readonly Cell[]) => number | null) | null;
    name: CellGetter | null;
    email: CellGetter | null;
  };
}

/**
 * Checks a mapping of users against the columns of a file. `--attribute all` takes every column that is not the id,
 * name, e-mail or registration, and not named by `--except`.
 * @throws AppError INVALID with every problem at once
 */
export function checkUsers(mapping: UserMapping, columns: Columns): UserColumns {
  const problems = new Problems();
  const notes: string[] = [];
  const idSpec = mapping.id ?? '';
  if (mapping.id === undefined) problems.add('--id is needed: which column holds the user’s key?');
  const attempt = <T>(given: string | undefined, work: (text: string) => T): T | null =>
    given === undefined || given === '' ? null : problems.attempt(() => work(given));
  const id = attempt(mapping.id, (text) => requiredText(text, columns, '--id', 'id'));
  const registered = attempt(mapping.registered, (text) =>
    atGetter(text, mapping.dateFormat, columns, notes, ['--registered', 'registration']),
  );
  const name = attempt(mapping.name, (text) => valueOf(text, columns, '--name'));
  const email = attempt(mapping.email, (text) => valueOf(text, columns, '--email'));
  const where = attempt(mapping.where, (text) => filterOf(text, columns));
  const except = splitList(mapping.except ?? []);
  for (const column of except)
    if (indexOf(columns.names, column) === null)
      problems.add(unknownColumn(column, columns.names, '--except'));
  const used = [idSpec, mapping.registered, mapping.name, mapping.email];
  const attributes = problems.attempt(() => {
    if (mapping.attribute === undefined) return [];
    const all = mapping.attribute === 'all' && columns.find('all') === null;
    const spec = all ? restOf(columns, [...used, ...except], notes) : mapping.attribute;
    const named = namedValues(spec, columns, '--attribute');
    const left = named.filter((value) => indexOf(except, value.name) === null);
    for (const { name: attribute } of left)
      if (left.filter((other) => other.name === attribute).length > 1)
        problems.add(`--attribute: "${attribute}" is named twice`);
    return left;
  });
  problems.check();
  if (!id || !attributes) throw new Error('a checked mapping is incomplete');
  return { mapping, attributes, notes, where, parts: { id, registered, name, email } };
}

/** An object, not a list of items: a column's name may look like an expression. */
function restOf(
  columns: Columns,
  taken: readonly (string | undefined)[],
  notes: string[],
): Record<string, string> {
  const out = new Set(
    taken.flatMap((name) => {
      const index = name === undefined ? null : indexOf(columns.names, name);
      return index === null ? [] : [columns.names[index] ?? ''];
    }),
  );
  notes.push(`attributes are all columns but ${[...out].join(', ')}`);
  return Object.fromEntries(columns.names.filter((n) => !out.has(n)).map((n) => [n, n]));
}

/** First pass: what each attribute's cells are, over the whole file. */
export async function profileUsers(
  table: Table,
  users: UserColumns,
  onBatch: (rows: number) => void,
  signal?: AbortSignal,
): Promise<ColumnProfile[]> {
  const profiles = users.attributes.map(emptyProfile);
  let rows = 0;
  for await (const batch of table.batches) {
    if (signal?.aborted === true) break;
    for (const { cells } of batch.rows) {
      if (!counts(users, cells)) continue;
      users.attributes.forEach(({ get }, i) => {
        const profile = profiles[i];
        if (profile) tryProfile(profile, get, cells);
      });
    }
    rows += batch.rows.length;
    onBatch(rows);
  }
  return profiles;
}

function counts(users: UserColumns, cells: readonly Cell[]): boolean {
  try {
    return users.where === null || users.where(cells);
  } catch (error) {
    if (error instanceof RowError) return false; // the second pass rejects it
    throw error;
  }
}

function tryProfile(profile: ColumnProfile, get: CellGetter, cells: readonly Cell[]): void {
  try {
    profileCell(profile, get(cells));
  } catch (error) {
    if (!(error instanceof RowError)) throw error; // the second pass rejects the row
  }
}

/** The plan for the second pass. `users` must be checked against the columns of the table that is then read. */
export function planUsers(users: UserColumns, profiles: readonly ColumnProfile[]): PlannedUsers {
  const attributes = users.attributes.map(({ name }, i) => ({
    name,
    verdict: judgeColumn(profiles[i] ?? emptyProfile()),
  }));
  const features = attributes.flatMap(({ name, verdict }, i) => {
    const profile = profiles[i];
    if (verdict.feature === null || !profile) return [];
    return [
      { name, type: verdict.feature, distinct: profile.distinct.size, rows: profile.sampled },
    ];
  });
  const notes = [...users.notes, ...attributeNotes(attributes)];
  const { parts, where } = users;
  return {
    attributes,
    features,
    notes,
    plan: (deps) => ({
      kind: 'users',
      source: users.mapping.source ?? 'import',
      map: ({ cells }) => {
        if (where !== null && !where(cells)) return null;
        const user: ImportedUser = { externalId: parts.id(cells) };
        if (parts.registered) {
          const at = parts.registered(cells);
          user.registeredAt = at === null ? null : new Date(at);
        }
        if (parts.name) user.name = textOrNull(parts.name(cells));
        if (parts.email) user.email = textOrNull(parts.email(cells));
        if (attributes.length > 0)
          user.attributes = Object.fromEntries(
            users.attributes.map(({ name, get }, i) => [
              name,
              storeCell(get(cells), attributes[i]?.verdict.storedAs ?? 'text'),
            ]),
          );
        return user;
      },
      userKey: ({ cells }) => parts.id(cells),
      write: async (rows) => {
        const { created, updated, rejected } = await deps.upsertUsers(rows);
        const accepted = created + updated;
        return { accepted, duplicates: rows.length - accepted - rejected.length, rejected };
      },
    }),
  };
}

function attributeNotes(attributes: PlannedUsers['attributes']): string[] {
  return attributes.flatMap(({ name, verdict }) => [
    ...(verdict.reason === null ? [] : [`${name} becomes no feature: ${verdict.reason}`]),
    ...(verdict.marks.length === 0
      ? []
      : [
          `${name} is numbers but for ${verdict.marks.map(([mark, n]) => `"${mark}" (${n} rows)`).join(', ')}: if that means nothing known, import again with --missing ${verdict.marks.map(([mark]) => mark).join(',')}`,
        ]),
  ]);
}
