import { cellText, isBlank, numberIn, parseNumber, RowError, truthIn, type Cell } from './cell.js';
import { NAME_PATTERN, NAME_RULE } from '../../event/event.js';
import { AppError } from '../../kernel/error.js';
import { nearNames, Problems, type Columns } from './columns.js';
import type { ImportDeps, ImportedEvent } from './context.js';
import type { EventMapping } from './mapping.js';
import { splitList } from './mapping.js';
import { columnIds, contentIds, type RowIds } from './row-id.js';
import type { ImportPlan } from './run-import.js';
import { atGetter, namedValues, requiredText, valueOf, type NamedValue } from './value.js';

/** A mapping that was checked against a file's columns; `notes` says how it was understood. */
export interface Planned<Out> {
  plan: (deps: ImportDeps) => ImportPlan<Out>;
  notes: string[];
}

const NO_ROW: readonly Cell[] = [];

/**
 * Checks a mapping of events against the columns of a file.
 * @param columns with the missing marks applied; @param raw as read, for ids of content
 * @throws AppError INVALID with every problem at once
 */
export function planEvents(
  mapping: EventMapping,
  columns: Columns,
  raw: { columns: Columns; keyed: boolean },
): Planned<ImportedEvent> {
  const problems = new Problems();
  const notes: string[] = [];
  const need = (value: string | undefined, option: string): string => {
    if (value === undefined) problems.add(`${option} is needed: which column holds it?`);
    return value ?? '';
  };
  const userSpec = need(mapping.user, '--user');
  const atSpec = need(mapping.at, '--at');
  const typeSpec = need(mapping.type, '--type');
  const attempt = <T>(given: string | undefined, work: () => T): T | null =>
    given === undefined || given === '' ? null : problems.attempt(work);

  const user = attempt(userSpec, () => requiredText(userSpec, columns, '--user', 'user'));
  const at = attempt(atSpec, () =>
    atGetter(atSpec, mapping.dateFormat, columns, notes, ['--at', 'event']),
  );
  const type = attempt(typeSpec, () => typeGetter(typeSpec, columns, notes));
  const value = attempt(mapping.value, () => valueOf(mapping.value ?? '', columns, '--value'));
  const where = attempt(mapping.where, () => filterOf(mapping.where ?? '', columns));
  const device = attempt(mapping.device, () => valueOf(mapping.device ?? '', columns, '--device'));
  const properties = problems.attempt(() =>
    mapping.property === undefined ? [] : namedValues(mapping.property, columns, '--property'),
  );
  const idNames = mapping.id === undefined ? [] : splitList(mapping.id);
  const idGetters = idNames.map((name) => problems.attempt(() => valueOf(name, columns, '--id')));
  const source = mapping.source ?? 'import';
  problems.attempt(() => {
    checkName(source, '--source');
  });
  problems.check();
  if (!user || !at || !type || !properties) throw new Error('a checked mapping is incomplete');

  const getters = idGetters.filter((getter) => getter !== null);
  const ids = (): RowIds =>
    getters.length > 0 ? columnIds(getters, idNames) : contentIds(raw.columns, raw.keyed);
  if (getters.length === 0)
    notes.push('ids are made of the rows’ own content (give --id COL,… if a column holds one)');
  return {
    notes,
    plan: (deps) => {
      const idOf = ids();
      return {
        kind: 'events',
        source,
        map: ({ cells }) => {
          if (where !== null && !where(cells)) return null;
          const name = type(cells);
          const id = idOf(cells, name);
          const instant = at(cells);
          if (instant === null) throw new RowError(`the row has no time (${atSpec} is blank)`);
          return {
            source,
            id,
            user: user(cells),
            type: name,
            at: new Date(instant),
            value: value === null ? null : numberIn(value(cells), mapping.value ?? ''),
            properties: properties.length === 0 ? null : propertiesOf(properties, cells),
            device: device === null ? null : textOrNull(device(cells)),
          };
        },
        userKey: ({ cells }) => user(cells),
        write: (rows, inTurn) => deps.recordEvents(rows, inTurn),
      };
    },
  };
}

/** @throws AppError INVALID: a name that every row would be rejected for */
export function checkName(name: string, option: string): void {
  if (!NAME_PATTERN.test(name))
    throw new AppError('INVALID', `${option} must be ${NAME_RULE}, got ${JSON.stringify(name)}`);
}

/** `--where`: a row counts when the expression says yes. */
export function filterOf(text: string, columns: Columns): (cells: readonly Cell[]) => boolean {
  const get = valueOf(text, columns, '--where');
  return (cells) => truthIn(get(cells), 'the result of --where');
}

/** A column when it names one, an expression when it calls a function, otherwise a constant. */
function typeGetter(
  spec: string,
  columns: Columns,
  notes: string[],
): (cells: readonly Cell[]) => string {
  if (columns.find(spec) === null && !/[('`"]/.test(spec)) {
    const near = nearNames(spec, columns.names);
    notes.push(
      `type is the constant "${spec}"${near.length > 0 ? ` (there is a column "${near[0] ?? ''}": was that meant?)` : ''}`,
    );
    checkName(spec, '--type');
    return () => spec;
  }
  const text = requiredText(spec, columns, '--type', 'type');
  if (/^'[^']*'$/.test(spec)) {
    const constant = text(NO_ROW);
    checkName(constant, '--type');
    notes.push(`type is the constant "${constant}"`);
    return () => constant;
  }
  notes.push(
    `type is read from ${spec}${columns.find(spec) === null ? '' : ` (the constant is "'${spec}'")`}`,
  );
  return text;
}

function propertiesOf(
  properties: readonly NamedValue[],
  cells: readonly Cell[],
): Record<string, unknown> | null {
  const result: Record<string, unknown> = {};
  let any = false;
  for (const { name, get } of properties) {
    const cell = get(cells);
    if (isBlank(cell)) continue;
    result[name] = plainValue(cell);
    any = true;
  }
  return any ? result : null;
}

/** Text without blanks around it; null where there is none. */
export function textOrNull(cell: Cell): string | null {
  return isBlank(cell) ? null : cellText(cell);
}

/** Numbers stay numbers; digits with a leading zero, or too many of them, are a code and stay text. */
export function plainValue(cell: Cell): Cell {
  if (typeof cell !== 'string') return cell;
  const text = cellText(cell);
  return isPlainNumber(text) ? (parseNumber(text) ?? text) : text;
}

/** A number that says the same when written again: no leading zeros or plus, at most 15 digits. */
export function isPlainNumber(text: string): boolean {
  return (
    /^-?(?:0|[1-9]\d*|\d*(?=\.))(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/.test(text) &&
    !/^-?0\d/.test(text) &&
    text.replace(/[eE].*$/, '').replace(/\D/g, '').length <= 17 &&
    parseNumber(text) !== null
  );
}
