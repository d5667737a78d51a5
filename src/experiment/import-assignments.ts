import { NAME_PATTERN } from '../event/event.js';
import { AppError, type UserErrorCode } from '../kernel/error.js';
import type { AssignmentStore, ImportedAssignment } from './assignment.store.js';
import type { Experiment } from './experiment.js';

/** A customer who was in an arm elsewhere, by the keys of the sender. */
export interface AssignmentRow {
  /** External id of the customer. */
  user: string;
  variant: string;
  /** When the customer was told the arm first; null: when the experiment started. */
  at: Date | null;
}

export interface ImportAssignmentsDeps {
  importAssignments: AssignmentStore['import'];
  /** Ids of the customers that exist, by external id. */
  userIds(externalIds: readonly string[]): Promise<Map<string, number>>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  wall(): Date;
  /** The instant windows are compared with. */
  now(): Date;
}

export interface ImportAssignmentsResult {
  accepted: number;
  /** Rows that said what is recorded already. */
  duplicates: number;
  rejected: { index: number; code: UserErrorCode; message: string }[];
}

/** Senders' clocks differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Why no assignment may be imported, or null. Where arms are versions of a model the hash decides who answers: rows from elsewhere
 * would say that a customer got one version while another one answered.
 */
export function refuseImport(
  { key, status, modelId, startedAt, endsAt }: Omit<ImportTarget, 'id' | 'variants' | 'startsAt'>,
  now: Date,
): string | null {
  if (status === 'CONCLUDED')
    return `experiment ${key} is CONCLUDED, its arms do not change any more`;
  if (modelId === null) return null;
  const arms = `the arms of experiment ${key} are versions of a model, and the hash decides which of them answers`;
  if (startedAt !== null)
    return `${arms}: it was started at ${startedAt.toISOString()}, no assignment can be imported`;
  if (endsAt > now)
    return `${arms}: it can still be started until ${endsAt.toISOString()}, no assignment can be imported before`;
  return null;
}

/** What is asked of an experiment whose assignments come from elsewhere. */
export type ImportTarget = Pick<
  Experiment,
  'id' | 'key' | 'status' | 'variants' | 'modelId' | 'startedAt' | 'startsAt' | 'endsAt'
>;

type Refusal = { code: UserErrorCode; message: string };

/**
 * Records who was in which arm, each row by itself. The first row of a customer stands: a later one of the same arm is a
 * duplicate, one of another arm is rejected. Neither who opted out nor who is unknown is taken.
 * @throws AppError CONFLICT where the experiment takes none
 */
export async function importAssignments(
  deps: ImportAssignmentsDeps,
  experiment: ImportTarget,
  rows: readonly AssignmentRow[],
  actor: string,
): Promise<ImportAssignmentsResult> {
  const refused = refuseImport(experiment, deps.now());
  if (refused !== null) throw new AppError('CONFLICT', refused);
  const keys = [...new Set(rows.map(({ user }) => user))];
  const [ids, erased] = await Promise.all([deps.userIds(keys), deps.erasedBefore?.(keys)]);
  const at = deps.wall();
  const check = rowCheck(experiment, ids, erased ?? new Map<string, Date>(), at);
  const result: ImportAssignmentsResult = { accepted: 0, duplicates: 0, rejected: [] };
  const first = new Map<number, ImportedAssignment & { index: number }>();
  const later: { index: number; userId: number; variantKey: string }[] = [];
  for (const [index, row] of rows.entries()) {
    const checked = check(row);
    if ('code' in checked) result.rejected.push({ index, ...checked });
    else if (first.has(checked.userId)) later.push({ index, ...checked });
    else first.set(checked.userId, { index, ...checked });
  }
  if (first.size === 0) return result;
  const taken = [...first.values()];
  const { written, present } = await deps.importAssignments(experiment, taken, { at, actor });
  const settle = (index: number, variantKey: string, recorded: string | undefined): void => {
    if (recorded === variantKey) result.duplicates += 1;
    else result.rejected.push({ index, ...refusal(experiment.key, variantKey, recorded) });
  };
  for (const { index, userId, variantKey } of taken)
    if (written.has(userId)) result.accepted += 1;
    else settle(index, variantKey, present.get(userId));
  for (const { index, userId, variantKey } of later)
    settle(
      index,
      variantKey,
      written.has(userId) ? first.get(userId)?.variantKey : present.get(userId),
    );
  result.rejected.sort((a, b) => a.index - b.index);
  return result;
}

function rowCheck(
  { key, variants, startsAt }: Pick<Experiment, 'key' | 'variants' | 'startsAt'>,
  ids: ReadonlyMap<string, number>,
  erased: ReadonlyMap<string, Date>,
  now: Date,
): (row: AssignmentRow) => ImportedAssignment | Refusal {
  const known = new Set(variants.map((variant) => variant.key));
  const names = [...known].join(', ');
  const latest = now.getTime() + CLOCK_SKEW_MS;
  const begin = startsAt < now ? startsAt : now;
  return ({ user, variant, at: given }) => {
    const userId = ids.get(user);
    if (userId === undefined)
      return { code: 'NOT_FOUND', message: `no customer has the externalId ${user.slice(0, 80)}` };
    if (!known.has(variant))
      return {
        code: NAME_PATTERN.test(variant) ? 'NOT_FOUND' : 'INVALID',
        message: `variant must be one of ${names} of experiment ${key}, got ${JSON.stringify(variant.slice(0, 80))}`,
      };
    const at = given ?? begin;
    const ms = at.getTime();
    if (!(ms >= 0 && ms <= latest))
      return {
        code: 'INVALID',
        message: `at must be 1970..${new Date(latest).toISOString()}, got ${Number.isNaN(ms) ? 'no instant' : at.toISOString()}`,
      };
    const erasedAt = erased.get(user);
    if (erasedAt && at <= erasedAt)
      return {
        code: 'FORBIDDEN',
        message: `user was erased at ${erasedAt.toISOString()}, no assignment until then is taken, got ${at.toISOString()}`,
      };
    return { userId, variantKey: variant, at };
  };
}

function refusal(experiment: string, wanted: string, recorded: string | undefined): Refusal {
  return recorded === undefined
    ? {
        code: 'FORBIDDEN',
        message: 'the customer does not agree to profiling, or was erased meanwhile',
      }
    : {
        code: 'CONFLICT',
        message: `the customer is in variant ${recorded} of experiment ${experiment} already, got ${wanted}`,
      };
}
