import { AppError } from '../../kernel/error.js';
import type { Stretch } from '../../feature/placeholders.js';
import { consentOf } from '../../feature/people.js';
import type { FeatureRows, ReadFeatures } from '../../feature/read-features.js';
import type { ReadStretch } from '../../feature/stretch.js';
import { inputTable } from '../../model/model-inputs.js';
import type { Memberships } from '../../numeric/clusterer.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import { groupableRows } from '../groupable.js';
import type { ServedSegmentation } from '../segmentation.js';
import { writeMoves, type AssessUsersDeps } from './assess-users.js';
import type { MembershipStore, OpenStays } from './membership.store.js';
import { inputsAt, type Move } from './membership.js';

export interface AssessCustomersDeps extends Pick<
  AssessUsersDeps,
  'assign' | 'publishMoves' | 'clock'
> {
  memberships: Pick<MembershipStore, 'writeMoves'>;
}

/** Customers as they were read, ids ascending; nothing is decided yet. */
export interface ReadCustomers {
  asOf: Date;
  /** Of the stays that are open. */
  open: OpenStays;
  /** Of each row of the table. */
  userIds: Float64Array;
  /** Those who can be in a segment. */
  table: FeatureTable;
}

/**
 * Everybody of a stretch: one statement of open stays, one of features and consent. The stays are read before the
 * features, as `assessUsers` does for those who move.
 */
export async function readStretchOf(
  deps: { readStretch: ReadStretch; memberships: Pick<MembershipStore, 'openIn'> },
  served: ServedSegmentation,
  stretch: Stretch,
  asOf: Date,
): Promise<ReadCustomers> {
  const open = await deps.memberships.openIn(served.model.id, stretch);
  const { features } = served;
  const rows = await deps.readStretch({ ...stretch, features, asOf }, () => false);
  return groupable(served, rows, rows.people?.consentProfiling ?? null, { open, asOf });
}

/** The same of customers that are listed, each once. */
export async function readListed(
  deps: { readFeatures: ReadFeatures; memberships: Pick<MembershipStore, 'openOf'> },
  served: ServedSegmentation,
  listed: readonly number[],
  asOf: Date,
): Promise<ReadCustomers> {
  const users = listed.toSorted((a, b) => a - b);
  const open = await deps.memberships.openOf(served.model.id, users);
  const { features } = served;
  const rows = await deps.readFeatures({ features, users, asOf, people: 'consent' });
  return groupable(served, rows, consentOf(rows.columns), { open, asOf });
}

function groupable(
  { inputs }: ServedSegmentation,
  rows: FeatureRows,
  consent: Float64Array | null,
  rest: Pick<ReadCustomers, 'open' | 'asOf'>,
): ReadCustomers {
  const all = inputTable(rows, inputs);
  const asked = groupableRows(all, consent ?? new Float64Array(all.rows));
  if (asked.length === all.rows) return { ...rest, userIds: rows.userIds, table: all };
  const userIds = Float64Array.from(asked, (row) => rows.userIds[row] ?? NaN);
  return { ...rest, userIds, table: pickRows(all, asked) };
}

/**
 * Puts them into their segments, as `assessUsers` does where it is now, without an answer for each: one run of the graph and,
 * where somebody moved, one statement. Answers how many are in a segment, and how many came into another one.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED when the graph cannot be asked
 */
export async function assessCustomers(
  deps: AssessCustomersDeps,
  served: ServedSegmentation,
  read: ReadCustomers,
  signal: AbortSignal,
): Promise<{ assigned: number; moved: number }> {
  const { table, asOf } = read;
  if (table.rows === 0) return { assigned: 0, moved: 0 };
  const said = await deps.assign(served.version.artifactSha256, table, { signal });
  const moves = movesOf(served, read, said);
  const written = moves.length > 0 ? await writeMoves(deps, served, asOf, moves) : new Set();
  return { assigned: table.rows, moved: written.size };
}

/** Of those whose verdict is not where they are; who has moved after the features were asked as of is left alone. */
function movesOf(
  { report }: ServedSegmentation,
  { asOf, open, userIds, table }: ReadCustomers,
  { segment, segments, probability, distance }: Memberships,
): Move[] {
  const keyOf = new Map(report.segments.map(({ number, key }) => [number, key]));
  const moves: Move[] = [];
  let at = 0;
  for (let row = 0; row < table.rows; row += 1) {
    const number = segment[row] ?? -1;
    const key = keyOf.get(number);
    if (key === undefined)
      throw new AppError('INTERNAL', `the graph answers segment ${number}, the report has none`);
    const userId = userIds[row] ?? NaN;
    while ((open.userIds[at] ?? Infinity) < userId) at += 1;
    const stays = open.userIds[at] === userId;
    const previousKey = stays ? (open.keys[at] ?? null) : null;
    if (previousKey === key || (stays && Math.round(open.since[at] ?? 0) > asOf.getTime()))
      continue;
    const cell = row * segments + number;
    moves.push({
      ...{ userId, openId: stays ? (open.ids[at] ?? null) : null, key, previousKey },
      // the graph rounds to float32: a sum of shares may come out above 1
      probability: Math.min(1, probability[cell] ?? NaN),
      distance: distance[cell] ?? NaN,
      inputs: inputsAt(table, row),
    });
  }
  return moves;
}
