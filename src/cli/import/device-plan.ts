import { RowError } from './cell.js';
import { Problems, type Columns } from './columns.js';
import type { ImportedDevice } from './context.js';
import { filterOf, textOrNull, type Planned } from './event-plan.js';
import type { DeviceMapping } from './mapping.js';
import { instantOf, requiredText, valueOf } from './value.js';

/**
 * Checks a mapping of devices against the columns of a file: one row a device, or one a device and user. What a
 * column leaves blank stays as it is.
 * @throws AppError INVALID with every problem at once
 */
export function planDevices(mapping: DeviceMapping, columns: Columns): Planned<ImportedDevice> {
  const problems = new Problems();
  const attempt = <T>(given: string | undefined, work: (spec: string) => T): T | null =>
    given === undefined ? null : problems.attempt(() => work(given));
  if (mapping.id === undefined) problems.add('--id is needed: which column holds the device?');
  const key = attempt(mapping.id, (spec) => requiredText(spec, columns, '--id', 'device'));
  const type = attempt(mapping.type, (spec) => valueOf(spec, columns, '--type'));
  const os = attempt(mapping.os, (spec) => valueOf(spec, columns, '--os'));
  const user = attempt(mapping.user, (spec) => valueOf(spec, columns, '--user'));
  const firstSeen = attempt(mapping.firstSeen, (spec) =>
    instantOf(spec, mapping.dateFormat, columns, '--first-seen'),
  );
  const where = attempt(mapping.where, (spec) => filterOf(spec, columns));
  if (mapping.user !== undefined && mapping.firstSeen === undefined)
    problems.add('--user needs --first-seen: when were they seen with it?');
  problems.check();
  if (!key) throw new Error('a checked mapping is incomplete');
  return {
    notes: [],
    plan: (deps) => ({
      kind: 'devices',
      source: mapping.source ?? 'import',
      map: ({ cells }) => {
        if (where !== null && !where(cells)) return null;
        const kind = type && textOrNull(type(cells));
        const osVersion = os && textOrNull(os(cells));
        const ms = firstSeen?.(cells) ?? null;
        const seen = user && textOrNull(user(cells));
        return {
          key: key(cells),
          ...(kind === null ? {} : { type: kind }),
          ...(osVersion === null ? {} : { osVersion }),
          firstSeenAt: ms === null ? null : new Date(ms),
          users: seen === null ? [] : [seen],
        };
      },
      userKey: ({ cells }) => {
        const seen = user && textOrNull(user(cells));
        if (seen === null) throw new RowError('the row names no user');
        return seen;
      },
      write: async (rows) => {
        const { unchanged, rejected } = await deps.upsertDevices(rows);
        const accepted = rows.length - unchanged - rejected.length;
        return { accepted, duplicates: unchanged, rejected };
      },
    }),
  };
}
