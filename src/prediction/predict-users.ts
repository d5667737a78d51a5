import type { Clock } from '../kernel/clock.js';
import { count } from '../kernel/count.js';
import type { ReadFeatures } from '../feature/read-features.js';
import { inputTable } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import type { Scorer } from '../scorer/ports.js';
import { factsOf } from './facts-of.js';
import { hasAttributes, rowOf, tableOf } from './input-rows.js';
import { overridden, type Override } from './override-inputs.js';
import {
  eligibilityOf,
  type InputRow,
  type LedgerRow,
  type PredictionAnswer,
  type StoredPrediction,
} from './prediction.js';
import type { PredictionMade } from './prediction.messages.js';
import type { PredictionTally } from './prediction-tally.js';

/** One user asked about; the same user may be asked twice with other overrides. */
export interface UserQuestion {
  userId: number;
  /** Empty: the real inputs. Otherwise the answer is imagined and not stored. */
  overrides: readonly Override[];
}

export interface Question {
  served: ServedModel;
  /** Only events before this instant count. */
  asOf: Date;
  /** Stored scores of the same version up to this age, and as of so long before `asOf`, will do; null: always score. */
  maxStalenessSeconds: number | null;
  users: readonly UserQuestion[];
}

export interface PredictUsersDeps {
  readFeatures: ReadFeatures;
  scorer: Pick<Scorer, 'score'>;
  freshPredictions(query: {
    modelVersionId: string;
    modelId: string;
    userIds: readonly number[];
    since: Date;
    asOfFrom: Date;
    asOfUntil: Date;
  }): Promise<LedgerRow[]>;
  /** Ids in the order given; null for who was erased or opted out meanwhile. */
  writePredictions(rows: readonly Omit<StoredPrediction, 'id'>[]): Promise<(number | null)[]>;
  publishPredictions(modelId: string, message: PredictionMade): void;
  tally: PredictionTally;
  clock: Clock;
}

/** Ids of one bus message: it must stay well below 7 KB. */
const IDS_PER_MESSAGE = 300;

/**
 * Answers every question with one statement of features and facts, one model run and one insert,
 * however many users there are. An unknown user gets null.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED when the scorer cannot answer
 */
export async function predictUsers(
  deps: PredictUsersDeps,
  question: Question,
  signal: AbortSignal,
): Promise<(PredictionAnswer | null)[]> {
  const { served } = question;
  try {
    const cached = await fromLedger(deps, question);
    const open = question.users.filter((user) => !isCached(user, cached));
    const fresh: Scored =
      open.length > 0 ? await score(deps, question, open, signal) : new Map<never, never>();
    const answers = question.users.map(
      (user) => (isCached(user, cached) ? cached.get(user.userId) : fresh.get(user)) ?? null,
    );
    deps.tally.add(served.model.id, { answered: answers.length, fromCache: cached.size });
    return answers;
  } catch (error) {
    deps.tally.add(served.model.id, { failed: question.users.length });
    throw error;
  }
}

type Scored = Map<UserQuestion, PredictionAnswer>;

function isCached(user: UserQuestion, cached: ReadonlyMap<number, PredictionAnswer>): boolean {
  return user.overrides.length === 0 && cached.has(user.userId);
}

/** Stored scores that are fresh enough, by user. */
async function fromLedger(
  deps: PredictUsersDeps,
  { served, asOf, maxStalenessSeconds, users }: Question,
): Promise<Map<number, PredictionAnswer>> {
  if (maxStalenessSeconds === null) return new Map();
  const userIds = users.filter((user) => user.overrides.length === 0).map((user) => user.userId);
  if (userIds.length === 0) return new Map();
  const staleMs = maxStalenessSeconds * 1000;
  const rows = await deps.freshPredictions({
    modelVersionId: served.version.id,
    modelId: served.model.id,
    userIds: [...new Set(userIds)],
    since: new Date(deps.clock.wall().getTime() - staleMs),
    asOfFrom: new Date(asOf.getTime() - staleMs),
    asOfUntil: asOf,
  });
  count('cacheHits', rows.length);
  return new Map(rows.map((row) => [row.userId, { ...answerOf(row), source: 'CACHE' as const }]));
}

/** A row of the ledger as an answer. */
export function answerOf({ id, ...row }: LedgerRow): PredictionAnswer & {
  eligibility: 'ELIGIBLE';
} {
  return { ...row, eligibility: 'ELIGIBLE', ledgerId: id };
}

async function score(
  deps: PredictUsersDeps,
  question: Question,
  users: readonly UserQuestion[],
  signal: AbortSignal,
): Promise<Scored> {
  const { served, asOf } = question;
  const startMs = deps.clock.monotonicMs();
  const userIds = [...new Set(users.map((user) => user.userId))];
  const features = await deps.readFeatures({
    features: served.features,
    users: userIds,
    asOf,
    people: true,
  });
  const table = inputTable(features, served.inputs);
  const rowAt = new Map(userIds.map((id, index) => [id, index]));

  const answers: Scored = new Map();
  const eligible: { user: UserQuestion; inputs: InputRow }[] = [];
  for (const user of users) {
    const row = rowAt.get(user.userId) ?? 0;
    const known = factsOf(features, row);
    if (!known) continue;
    const real = rowOf(table, row);
    const inputs = overridden(real, user.overrides, served.inputs, served.features);
    const eligibility = eligibilityOf(
      { ...known, hasAttributes: hasAttributes(real, served.inputs, served.features) },
      served.model.spec.eligible.minAgeDays,
      asOf,
    );
    if (eligibility === 'ELIGIBLE') eligible.push({ user, inputs });
    else
      answers.set(user, {
        ...unscored(deps, served, user, asOf, startMs),
        eligibility,
        ledgerId: null,
      });
  }
  await scoreEligible(deps, served, eligible, { asOf, startMs, signal }, answers);
  return answers;
}

function unscored(
  deps: PredictUsersDeps,
  served: ServedModel,
  user: UserQuestion,
  asOf: Date,
  startMs: number,
): Omit<PredictionAnswer, 'eligibility' | 'ledgerId'> {
  return {
    userId: user.userId,
    modelId: served.model.id,
    asOf,
    scoredAt: deps.clock.wall(),
    latencyMs: deps.clock.monotonicMs() - startMs,
    source: sourceOf(user),
  };
}

function sourceOf(user: UserQuestion): 'MODEL' | 'WHAT_IF' {
  return user.overrides.length > 0 ? 'WHAT_IF' : 'MODEL';
}

async function scoreEligible(
  deps: PredictUsersDeps,
  served: ServedModel,
  eligible: readonly { user: UserQuestion; inputs: InputRow }[],
  run: { asOf: Date; startMs: number; signal: AbortSignal },
  answers: Scored,
): Promise<void> {
  if (eligible.length === 0) return;
  const { probability } = await deps.scorer.score(
    served.version.artifactSha256,
    tableOf(
      served.inputs,
      eligible.map(({ inputs }) => inputs),
    ),
    { signal: run.signal },
  );
  const scoredAt = deps.clock.wall();
  const latencyMs = deps.clock.monotonicMs() - run.startMs;
  const scored = eligible.map(({ user, inputs }, index) => ({
    user,
    row: {
      userId: user.userId,
      modelId: served.model.id,
      modelVersionId: served.version.id,
      probability: probability[index] ?? NaN,
      threshold: served.threshold,
      source: sourceOf(user),
      asOf: run.asOf,
      scoredAt,
      latencyMs,
      inputs,
      jobId: null,
    },
  }));
  const real = scored.filter(({ row }) => row.source === 'MODEL');
  const ids = real.length > 0 ? await deps.writePredictions(real.map(({ row }) => row)) : [];
  const idOf = new Map(real.map(({ user }, index) => [user, ids[index] ?? null]));
  for (const { user, row } of scored)
    answers.set(user, {
      ...row,
      eligibility: 'ELIGIBLE',
      optedOut: false,
      ledgerId: idOf.get(user) ?? null,
    });
  const stored = ids.filter((id) => id !== null);
  for (let start = 0; start < stored.length; start += IDS_PER_MESSAGE)
    deps.publishPredictions(served.model.id, { ids: stored.slice(start, start + IDS_PER_MESSAGE) });
}
