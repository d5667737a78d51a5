import { consentOf } from '../../feature/people.js';
import type { ReadFeatures } from '../../feature/read-features.js';
import type { Clock } from '../../kernel/clock.js';
import { inputTable } from '../../model/model-inputs.js';
import type { Memberships } from '../../numeric/clusterer.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import { groupableRows } from '../groupable.js';
import type { SegmentMoves } from '../segment.messages.js';
import type { ServedSegmentation } from '../segmentation.js';
import type { MembershipStore } from './membership.store.js';
import {
  inputsAt,
  spanOf,
  verdictsOf,
  type LoggedStay,
  type Membership,
  type Move,
  type Stay,
} from './membership.js';

/** Asks the graph of a segmentation; calls of the same moment are one run. */
export type Assign = (
  sha256: string,
  table: FeatureTable,
  options?: { deadlineMs?: number; signal?: AbortSignal },
) => Promise<Memberships>;

export interface AssessUsersDeps {
  readFeatures: ReadFeatures;
  assign: Assign;
  memberships: Pick<MembershipStore, 'openStays' | 'staysAt' | 'standing' | 'writeMoves'>;
  /** After the rows are there. */
  publishMoves(modelId: string, message: SegmentMoves): void;
  clock: Pick<Clock, 'wall'>;
}

export interface AssessQuestion {
  served: ServedSegmentation;
  /** Each once. */
  users: readonly number[];
  /** Only events before this instant count. */
  asOf: Date;
  /** Whether `asOf` is now: then who is found elsewhere has moved, and that is written down. */
  live: boolean;
}

export interface Assessed {
  /** In the order of the users; null for who is unknown, erased, does not agree to profiling or has no value of any input. */
  answers: (Membership | null)[];
  /** Stays that were begun. */
  moves: number;
}

/** Ids of one bus message: it must stay well below 7 KB. */
const IDS_PER_MESSAGE = 300;

/**
 * Where customers are: one statement of stays and at the same time one of features and consent, one run of the graph
 * and, where somebody moved, one statement that writes, however many there are. The features are read for every answer;
 * what the graph says of a row may be remembered, see `rememberedAssign`.
 *
 * Who seems to have left a stay is looked at again before anything is written, the open stay BEFORE the features: a
 * move that follows from these features is then never older than the stay that it ends, unless that one began after
 * `asOf`. Who has no stay needs no second look: the first one is begun only while there is none. Who was overtaken by
 * another process gets what that one wrote. A stay goes on over versions as long as the key is the same; it is not
 * written again.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED when the graph cannot be asked
 */
export async function assessUsers(
  deps: AssessUsersDeps,
  question: AssessQuestion,
  signal: AbortSignal,
): Promise<Assessed> {
  const { served, users, asOf, live } = question;
  if (users.length === 0) return { answers: [], moves: 0 };
  const seen = await look(deps, question, signal);
  const moves: Move[] = [];
  const overtaken: number[] = [];
  const answers = seen.map((each): Membership | null => {
    if (!each) return null;
    const { judged, stay } = each;
    const { since, previous, moved } = spanOf(judged, stay, asOf);
    if (live && moved) {
      if (stay && stay.since > asOf) overtaken.push(judged.userId);
      else moves.push(moveOf(judged, stay));
    }
    return { ...judged, since, previous };
  });
  const written =
    moves.length > 0 ? await writeMoves(deps, served, asOf, moves) : new Set<number>();
  overtaken.push(...moves.flatMap(({ userId }) => (written.has(userId) ? [] : [userId])));
  if (overtaken.length > 0) await asTheyStand(deps, { served, asOf, overtaken }, answers);
  return { answers, moves: written.size };
}

/** A verdict beside the stay that was found; null as in `Assessed`. */
type Seen = { judged: Judged; stay: Stay | null } | null;

/** Of each customer; a stay that somebody seems to have left is older than the features of the verdict. */
async function look(
  deps: AssessUsersDeps,
  question: AssessQuestion,
  signal: AbortSignal,
): Promise<Seen[]> {
  const { served, users, asOf, live } = question;
  const { memberships } = deps;
  const modelId = served.model.id;
  const [stays, judged] = await Promise.all([
    live ? memberships.openStays(modelId, users) : memberships.staysAt(modelId, users, asOf),
    judge(deps, { served, users, asOf, signal }),
  ]);
  const seen = beside(judged, stays);
  if (!live) return seen;
  const left = seen.flatMap((each) =>
    each?.stay && each.stay.key !== each.judged.key ? [each.judged.userId] : [],
  );
  if (left.length === 0) return seen;
  const before = await memberships.openStays(modelId, left);
  const again = beside(await judge(deps, { served, users: left, asOf, signal }), before);
  const place = new Map(left.map((userId, at) => [userId, at]));
  return seen.map((each) => {
    const at = each ? place.get(each.judged.userId) : undefined;
    return at === undefined ? each : (again[at] ?? null);
  });
}

function beside(judged: readonly (Judged | null)[], stays: readonly Stay[]): Seen[] {
  const stayOf = new Map(stays.map((stay) => [stay.userId, stay]));
  return judged.map((each) => each && { judged: each, stay: stayOf.get(each.userId) ?? null });
}

/** A verdict with what it was made from; since when it holds is not known yet. */
type Judged = Omit<Membership, 'since' | 'previous'>;

async function judge(
  { readFeatures, assign }: AssessUsersDeps,
  run: Omit<AssessQuestion, 'live'> & { signal: AbortSignal },
): Promise<(Judged | null)[]> {
  const { served, users, asOf, signal } = run;
  const { features, inputs, version, report, model } = served;
  const read = await readFeatures({ features, users, asOf, people: 'consent' });
  const all = inputTable(read, inputs);
  const asked = groupableRows(all, consentOf(read.columns) ?? new Float64Array(users.length));
  const judged = users.map((): Judged | null => null);
  if (asked.length === 0) return judged;
  const table = asked.length === users.length ? all : pickRows(all, asked);
  const verdicts = verdictsOf(
    await assign(version.artifactSha256, table, { signal }),
    report.segments,
  );
  asked.forEach((row, at) => {
    const verdict = verdicts[at];
    const userId = users[row];
    if (!verdict || userId === undefined) return;
    const of = { userId, modelId: model.id, modelVersionId: version.id, asOf };
    judged[row] = { ...of, ...verdict, inputs: inputsAt(table, at) };
  });
  return judged;
}

function moveOf({ userId, key, probability, distance, inputs }: Judged, stay: Stay | null): Move {
  const open = { openId: stay?.id ?? null, previousKey: stay?.key ?? null };
  return { userId, ...open, key, probability, distance, inputs };
}

/** Begins the stays and tells of them; answers the customers whose moves were made here. */
export async function writeMoves(
  {
    memberships,
    publishMoves,
    clock,
  }: Pick<AssessUsersDeps, 'publishMoves' | 'clock'> & {
    memberships: Pick<MembershipStore, 'writeMoves'>;
  },
  { model, version }: ServedSegmentation,
  at: Date,
  moves: readonly Move[],
): Promise<Set<number>> {
  const begun = await memberships.writeMoves({
    modelId: model.id,
    modelVersionId: version.id,
    at,
    writtenAt: clock.wall(),
    moves,
  });
  const ids = begun.map(({ id }) => id).sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += IDS_PER_MESSAGE)
    publishMoves(model.id, { ids: ids.slice(start, start + IDS_PER_MESSAGE) });
  return new Set(begun.map(({ userId }) => userId));
}

/**
 * Puts what is stored in the place of the answers of those whose move was not made: another process knew something
 * newer, another version answers by now, or they opted out or were erased.
 */
async function asTheyStand(
  { memberships }: AssessUsersDeps,
  run: { served: ServedSegmentation; asOf: Date; overtaken: readonly number[] },
  answers: (Membership | null)[],
): Promise<void> {
  const { served, asOf, overtaken } = run;
  const modelId = served.model.id;
  const rows = await memberships.standing(modelId, overtaken);
  const rowOf = new Map(rows.map((row) => [row.userId, row]));
  const gone = new Set(overtaken);
  answers.forEach((answer, index) => {
    if (!answer || !gone.has(answer.userId)) return;
    const row = rowOf.get(answer.userId);
    answers[index] = row ? membershipOf(row, modelId, asOf) : null;
  });
}

function membershipOf(row: LoggedStay, modelId: string, asOf: Date): Membership {
  const { userId, key, modelVersionId, probability, distance, since, previous, inputs } = row;
  const answer = { userId, modelId, modelVersionId, key, probability, distance };
  return { ...answer, since, previous, asOf, inputs };
}
