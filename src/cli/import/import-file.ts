import { planAssignments } from './assignment-plan.js';
import type { Columns } from './columns.js';
import type { ImportDeps, ImportHooks, RegisteredAttributes } from './context.js';
import { planDevices } from './device-plan.js';
import { planEvents, type Planned } from './event-plan.js';
import {
  readAssignmentMapping,
  readDeviceMapping,
  readEventMapping,
  readOutcomeMapping,
  readTicketMapping,
  readUserMapping,
  splitList,
  type ReadingMapping,
} from './mapping.js';
import { openTable, type OpenedTable } from './open-table.js';
import { withLines } from './row-line.js';
import { planOutcomes } from './outcome-plan.js';
import { runImport, type ImportKind, type ImportResult } from './run-import.js';
import { planTickets } from './ticket-plan.js';
import { checkUsers, planUsers, profileUsers } from './user-plan.js';
import { withMissing } from './value.js';

/** What every import may be told; the rest of the options is the mapping, as in `mapping.ts`. */
export interface ImportOptions {
  file: string;
  map?: string;
  rejected?: string;
  /** Attribute features are registered as DRAFT instead of APPROVED. */
  draft?: boolean;
  [mapping: string]: unknown;
}

/** An import whose file and mapping were found good; nothing is written before `run`. */
export interface PreparedImport {
  kind: ImportKind;
  notes: readonly string[];
  run(
    deps: ImportDeps,
    hooks?: ImportHooks,
  ): Promise<ImportResult & { features?: RegisteredAttributes }>;
}

async function open(file: string, mapping: ReadingMapping): Promise<OpenedTable> {
  const delimiter = mapping.delimiter;
  const table = await openTable(file, {
    format: mapping.format ?? null,
    delimiter:
      delimiter === undefined
        ? null
        : delimiter === '\\t' || delimiter === 'tab'
          ? '\t'
          : delimiter,
    encoding: mapping.encoding ?? 'utf-8',
  });
  return withLines(table);
}

function columnsOf(table: OpenedTable, mapping: ReadingMapping): Columns {
  return withMissing(table.columns, splitList(mapping.missing ?? []));
}

async function prepare<Out>(
  kind: PreparedImport['kind'],
  options: ImportOptions,
  mapping: ReadingMapping,
  planned: (columns: Columns, table: OpenedTable) => Planned<Out>,
): Promise<PreparedImport> {
  const table = await open(options.file, mapping);
  try {
    const { plan, notes } = planned(columnsOf(table, mapping), table);
    return {
      kind,
      notes: [...table.notes, ...notes],
      run: (deps, hooks = {}) =>
        runImport(table, plan(deps), deps, {
          file: options.file,
          rejected: options.rejected ?? null,
          hooks,
        }),
    };
  } catch (error) {
    table.close();
    throw error;
  }
}

/** Opens the file and checks the mapping of events. @throws AppError INVALID, all problems of the mapping at once */
export async function prepareEvents(options: ImportOptions): Promise<PreparedImport> {
  const mapping = readEventMapping(options, options.map);
  return prepare('events', options, mapping, (columns, table) =>
    planEvents(mapping, columns, { columns: table.columns, keyed: table.format === 'ndjson' }),
  );
}

/** Opens the file and checks the mapping of outcomes. @throws AppError INVALID, all problems of the mapping at once */
export async function prepareOutcomes(options: ImportOptions): Promise<PreparedImport> {
  const mapping = readOutcomeMapping(options, options.map);
  return prepare('outcomes', options, mapping, (columns) => planOutcomes(mapping, columns));
}

/** Opens the file and checks the mapping of assignments. @throws AppError INVALID, all problems of the mapping at once */
export async function prepareAssignments(options: ImportOptions): Promise<PreparedImport> {
  const mapping = readAssignmentMapping(options, options.map);
  return prepare('assignments', options, mapping, (columns) => planAssignments(mapping, columns));
}

/** Opens the file and checks the mapping of tickets. @throws AppError INVALID, all problems of the mapping at once */
export async function prepareTickets(options: ImportOptions): Promise<PreparedImport> {
  const mapping = readTicketMapping(options, options.map);
  return prepare('tickets', options, mapping, (columns) => planTickets(mapping, columns));
}

/** Opens the file and checks the mapping of devices. @throws AppError INVALID, all problems of the mapping at once */
export async function prepareDevices(options: ImportOptions): Promise<PreparedImport> {
  const mapping = readDeviceMapping(options, options.map);
  return prepare('devices', options, mapping, (columns) => planDevices(mapping, columns));
}

/**
 * Opens the file, checks the mapping of users and reads the file once to learn what its columns are;
 * `run` reads it again, writes the profiles, then registers the attribute features.
 * @throws AppError INVALID, all problems of the mapping at once
 */
export async function prepareUsers(
  options: ImportOptions,
  hooks: ImportHooks = {},
): Promise<PreparedImport> {
  const mapping = readUserMapping(options, options.map);
  const first = await open(options.file, mapping);
  try {
    const users = checkUsers(mapping, columnsOf(first, mapping));
    const profiles = await profileUsers(
      first,
      users,
      (rows) => hooks.onProgress?.({ rows, share: first.share() }),
      hooks.signal,
    );
    // JSON lines may have shown more columns than the first look had: check again, now against all of them.
    const table = await open(options.file, mapping);
    const again = checkUsers(mapping, columnsOf(table, mapping));
    const planned = planUsers(again, profiles);
    return {
      kind: 'users',
      notes: [...table.notes, ...planned.notes],
      run: async (deps, runHooks = {}) => {
        const result = await runImport(table, planned.plan(deps), deps, {
          file: options.file,
          rejected: options.rejected ?? null,
          hooks: runHooks,
        });
        if (planned.features.length === 0) return result;
        const status = options.draft === true ? 'DRAFT' : 'APPROVED';
        return {
          ...result,
          features: await deps.registerAttributeFeatures(planned.features, status),
        };
      },
    };
  } finally {
    first.close();
  }
}
