import { count } from '../kernel/count.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { Clock } from '../kernel/clock.js';
import type { AppError } from '../kernel/error.js';
import { inputTable } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import { modelOrElse, type ModelOrElseDeps, type Said } from './degrade-answers.js';
import { factsOf } from './facts-of.js';
import { hasAttributes, rowOf } from './input-rows.js';
import { overridden, type Override } from './override-inputs.js';
import {
  eligibilityOf,
  type InputRow,
  type LedgerRow,
  type PredictionAnswer,
  type PredictionSource,
  type StoredPrediction,
} from './prediction.js';
import type { PredictionMade } from './prediction.messages.js';
import type { PredictionTally, Tally } from './prediction-tally.js';
import type { ResultCache } from './result-cache.js';
import type { ShadowQuestions } from './shadow.js';

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
  /**
   * Stored scores of the same version up to this age, and as of so long before `asOf`, will do; 0: always score;
   * null: score unless the inputs are those of an answer that is remembered.
   */
  maxStalenessSeconds: number | null;
  users: readonly UserQuestion[];
}

export interface PredictUsersDeps extends ModelOrElseDeps {
  readFeatures: ReadFeatures;
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
  /** Answers whose inputs have not changed; without it every question is scored. */
  resultCache?: Pick<ResultCache, 'find' | 'keep' | 'evictCustomers'>;
  /** Is shown what the model answered, once the answer has left. */
  shadow?: Pick<ShadowQuestions, 'offer'>;
  /** Told how many scores of a call came from where, for the metrics. */
  onAnswers?(answers: { source: PredictionSource; count: number }): void;
}

/** Ids of one bus message: it must stay well below 7 KB. */
const IDS_PER_MESSAGE = 300;

/**
 * Answers every question with one statement of features and facts, one model run and one insert,
 * however many users there are. An unknown user gets null. While the model cannot answer, the last stored score
 * does, else rules do; where neither can, the model's failure is the answer of that user.
 * @throws AppError UNAVAILABLE or DEADLINE_EXCEEDED when the model fails and nothing may answer in its place
 */
export async function predictUsers(
  deps: PredictUsersDeps,
  question: Question,
  signal: AbortSignal,
): Promise<(PredictionAnswer | AppError | null)[]> {
  const { served } = question;
  try {
    const cached = await fromLedger(deps, question);
    const open = question.users.filter((user) => !isCached(user, cached));
    const fresh: Scored =
      open.length > 0
        ? await score(deps, question, open, signal)
        : { answers: new Map(), told: {} };
    const answers = question.users.map(
      (user) =>
        (isCached(user, cached) ? cached.get(user.userId) : fresh.answers.get(user)) ?? null,
    );
    const failed = answers.filter((answer) => answer instanceof Error).length;
    deps.tally.add(served.model.id, {
      ...fresh.told,
      answered: answers.length - failed,
      fromCache: cached.size + (fresh.told.fromCache ?? 0),
      failed,
    });
    tellSources(deps, answers);
    return answers;
  } catch (error) {
    deps.tally.add(served.model.id, { failed: question.users.length });
    throw error;
  }
}

interface Scored {
  answers: Map<UserQuestion, PredictionAnswer | AppError>;
  /** Answers that are not the model's own. */
  told: Partial<Tally>;
}

function tellSources(
  { onAnswers }: Pick<PredictUsersDeps, 'onAnswers'>,
  answers: readonly (PredictionAnswer | AppError | null)[],
): void {
  if (!onAnswers) return;
  const counts = new Map<PredictionSource, number>();
  for (const answer of answers)
    if (answer && !(answer instanceof Error) && answer.eligibility === 'ELIGIBLE')
      counts.set(answer.source, (counts.get(answer.source) ?? 0) + 1);
  for (const [source, amount] of counts) onAnswers({ source, count: amount });
}

function isCached(user: UserQuestion, cached: ReadonlyMap<number, PredictionAnswer>): boolean {
  return user.overrides.length === 0 && cached.has(user.userId);
}

/** Stored scores that are fresh enough, by user. */
async function fromLedger(
  deps: PredictUsersDeps,
  { served, asOf, maxStalenessSeconds, users }: Question,
): Promise<Map<number, PredictionAnswer>> {
  if (maxStalenessSeconds === null || maxStalenessSeconds === 0) return new Map();
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
  // what rules said in the model's place is not the model's score
  const scores = rows.filter(({ source }) => source === 'MODEL');
  count('cacheHits', scores.length);
  return new Map(scores.map((row) => [row.userId, { ...answerOf(row), source: 'CACHE' as const }]));
}

/** A row of the ledger as an answer. */
export function answerOf({ id, ...row }: LedgerRow): PredictionAnswer & {
  eligibility: 'ELIGIBLE';
} {
  return { ...row, eligibility: 'ELIGIBLE', ledgerId: id };
}

interface Eligible {
  user: UserQuestion;
  inputs: InputRow;
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

  const answers: Scored['answers'] = new Map();
  const eligible: Eligible[] = [];
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
    if (eligibility === 'OPTED_OUT') deps.resultCache?.evictCustomers([user.userId]);
    if (eligibility === 'ELIGIBLE') eligible.push({ user, inputs });
    else
      answers.set(user, {
        ...unscored(deps, served, user, asOf, startMs),
        eligibility,
        ledgerId: null,
      });
  }
  const open = remembered(deps, question, eligible, answers);
  const fromCache = eligible.length - open.length;
  count('cacheHits', fromCache);
  const told = await scoreEligible(deps, served, open, { asOf, startMs, signal }, answers);
  return { answers, told: { ...told, fromCache } };
}

/** Those whose inputs are not those of an answer that is remembered; the others get that one. */
function remembered(
  { resultCache, clock }: PredictUsersDeps,
  { served, asOf, maxStalenessSeconds }: Question,
  eligible: readonly Eligible[],
  answers: Scored['answers'],
): readonly Eligible[] {
  if (!resultCache || maxStalenessSeconds !== null) return eligible;
  const modelId = served.model.id;
  const modelVersionId = served.version.id;
  const { tellsApart = null } = served;
  const wall = clock.wall();
  return eligible.filter(({ user, inputs }) => {
    if (sourceOf(user) === 'WHAT_IF') return true;
    const { userId } = user;
    const version = { modelId, modelVersionId, tellsApart };
    const row = resultCache.find({ ...version, userId, inputs, asOf, wall });
    if (row) answers.set(user, { ...answerOf(row), source: 'CACHE' });
    return !row;
  });
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

/** Answers who is eligible, and tells how many of them by something else than the model. */
async function scoreEligible(
  deps: PredictUsersDeps,
  served: ServedModel,
  eligible: readonly Eligible[],
  run: { asOf: Date; startMs: number; signal: AbortSignal },
  answers: Scored['answers'],
): Promise<Partial<Tally>> {
  if (eligible.length === 0) return {};
  const asked = eligible.map(({ user, inputs }) => ({
    userId: user.userId,
    inputs,
    imagined: sourceOf(user) === 'WHAT_IF',
  }));
  const said = await modelOrElse(deps, served, asked, run);
  const told = { fromLast: 0, fromRules: 0 };
  const fresh: { user: UserQuestion; row: Omit<StoredPrediction, 'id'> }[] = [];
  const scoredAt = deps.clock.wall();
  const latencyMs = deps.clock.monotonicMs() - run.startMs;
  for (const [index, { user, inputs }] of eligible.entries()) {
    const answer: Said | undefined = said[index];
    if (!answer) continue;
    if (answer.by === 'NOBODY') answers.set(user, answer.error);
    else if (answer.by === 'LAST_SCORE') {
      told.fromLast += 1;
      answers.set(user, { ...answerOf(answer.row), source: 'CACHE' });
    } else {
      if (answer.by === 'RULES') told.fromRules += 1;
      const row = {
        userId: user.userId,
        modelId: served.model.id,
        modelVersionId: served.version.id,
        probability: answer.probability,
        threshold: served.threshold,
        source: answer.by === 'RULES' ? ('RULES' as const) : sourceOf(user),
        asOf: run.asOf,
        scoredAt,
        latencyMs,
        inputs,
        jobId: null,
      };
      fresh.push({ user, row });
    }
  }
  await writeDown(deps, served, fresh, answers);
  return told;
}

/** Puts the scores of real inputs into the ledger, and tells of them. */
async function writeDown(
  deps: PredictUsersDeps,
  served: ServedModel,
  fresh: readonly { user: UserQuestion; row: Omit<StoredPrediction, 'id'> }[],
  answers: Scored['answers'],
): Promise<void> {
  const real = fresh.filter(({ user }) => sourceOf(user) === 'MODEL');
  const ids = real.length > 0 ? await deps.writePredictions(real.map(({ row }) => row)) : [];
  const idOf = new Map(real.map(({ user }, index) => [user, ids[index] ?? null]));
  const scores: LedgerRow[] = [];
  for (const { user, row } of fresh) {
    const ledgerId = idOf.get(user) ?? null;
    answers.set(user, { ...row, eligibility: 'ELIGIBLE', optedOut: false, ledgerId });
    if (ledgerId !== null && row.source === 'MODEL')
      scores.push({ ...row, id: ledgerId, optedOut: false });
  }
  for (const row of scores) deps.resultCache?.keep(row);
  deps.shadow?.offer(served, scores);
  const stored = ids.filter((id) => id !== null);
  for (let start = 0; start < stored.length; start += IDS_PER_MESSAGE)
    deps.publishPredictions(served.model.id, { ids: stored.slice(start, start + IDS_PER_MESSAGE) });
}
