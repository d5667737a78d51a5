import { count } from '../kernel/count.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { Clock } from '../kernel/clock.js';
import type { AppError } from '../kernel/error.js';
import type { ServedModel } from '../model/serving.js';
import { modelOrElse, type ModelOrElseDeps } from './degrade-answers.js';
import { factsOf } from './facts-of.js';
import { hasAttributes } from './input-rows.js';
import { overriddenFor, type Override } from './override-inputs.js';
import type { Arm, AskedArms, QuestionArms } from './predict-in-experiment.js';
import {
  eligibilityOf,
  type InputRow,
  type LedgerRow,
  type PredictionAnswer,
  type PredictionSource,
  type StoredPrediction,
} from './prediction.js';
import type { PredictionMade } from './prediction.messages.js';
import type { PredictionTally, ServedCall, Tally } from './prediction-tally.js';
import { readInputs } from './read-inputs.js';
import type { ResultCache } from './result-cache.js';
import type { ShadowQuestions } from './shadow.js';

/** One user asked about; the same user may be asked twice with other overrides. */
export interface UserQuestion {
  userId: number;
  /** Decides the arm of an experiment; who comes without takes part in none. */
  externalId?: string;
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
  /**
   * Which version answers whom while an experiment runs on the model; null while none does. Who is in it is answered by
   * the own arm and scored by all of them; nothing is remembered of these answers.
   */
  inExperiment?(question: Question): Promise<QuestionArms> | null;
  /** Told what a call came to, for rules on rates and latencies; each of its questions waited `seconds`. */
  onServed?(call: ServedCall): void;
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
  const startMs = deps.clock.monotonicMs();
  const tell = (requests: number, errors: number, fallbacks: number): void => {
    const seconds = (deps.clock.monotonicMs() - startMs) / 1_000;
    deps.onServed?.({ model: served.model.name, requests, errors, fallbacks, seconds });
  };
  try {
    const arms = (await deps.inExperiment?.(question)) ?? null;
    const cached = await fromLedger(deps, question, arms);
    const open = question.users.filter((user) => !isCached(user, cached));
    const fresh: Scored =
      open.length > 0
        ? await score(deps, question, open, arms, signal)
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
    tell(answers.length, failed, (fresh.told.fromLast ?? 0) + (fresh.told.fromRules ?? 0));
    return answers;
  } catch (error) {
    deps.tally.add(served.model.id, { failed: question.users.length });
    // who gave up waiting is no failure of ours
    if (!signal.aborted) tell(question.users.length, question.users.length, 0);
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

/** Stored scores that are fresh enough, by user: of the version that answers that user. */
async function fromLedger(
  deps: PredictUsersDeps,
  { served, asOf, maxStalenessSeconds, users }: Question,
  arms: QuestionArms | null,
): Promise<Map<number, PredictionAnswer>> {
  if (maxStalenessSeconds === null || maxStalenessSeconds === 0) return new Map();
  const staleMs = maxStalenessSeconds * 1000;
  const asked = new Map<string, Set<number>>();
  for (const user of users) {
    if (user.overrides.length > 0) continue;
    const { id } = (arms?.armOf(user)?.served ?? served).version;
    asked.set(id, (asked.get(id) ?? new Set()).add(user.userId));
  }
  const rows = await Promise.all(
    [...asked].map(([modelVersionId, userIds]) =>
      deps.freshPredictions({
        modelVersionId,
        modelId: served.model.id,
        userIds: [...userIds],
        since: new Date(deps.clock.wall().getTime() - staleMs),
        asOfFrom: new Date(asOf.getTime() - staleMs),
        asOfUntil: asOf,
      }),
    ),
  );
  // what rules said in the model's place is not the model's score
  const scores = rows.flat().filter(({ source }) => source === 'MODEL');
  count('cacheHits', scores.length);
  const found = new Set(scores.map(({ userId }) => userId));
  await arms?.expose(
    users.flatMap((user) => {
      const arm = user.overrides.length === 0 && found.has(user.userId) ? arms.armOf(user) : null;
      return arm ? [{ userId: user.userId, arm }] : [];
    }),
  );
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
  arm: Arm | null;
  inputs: InputRow;
  /** The inputs of another version that was read. */
  inputsOf(other: ServedModel): InputRow;
}

async function score(
  deps: PredictUsersDeps,
  question: Question,
  users: readonly UserQuestion[],
  arms: QuestionArms | null,
  signal: AbortSignal,
): Promise<Scored> {
  const { served, asOf } = question;
  const startMs = deps.clock.monotonicMs();
  const userIds = [...new Set(users.map((user) => user.userId))];
  const versions = arms?.versions ?? ([served] as const);
  const read = await readInputs(deps.readFeatures, versions, userIds, asOf);
  const rowAt = new Map(userIds.map((id, index) => [id, index]));

  const answers: Scored['answers'] = new Map();
  const eligible: Eligible[] = [];
  for (const user of users) {
    const row = rowAt.get(user.userId) ?? 0;
    const known = factsOf(read.features, row);
    if (!known) continue;
    const arm = arms?.armOf(user) ?? null;
    const own = arm?.served ?? served;
    const real = read.row(served, row);
    const ofOwn = own === served ? real : read.row(own, row);
    const inputs = overriddenFor(ofOwn, user.overrides, own, versions);
    const inputsOf = (other: ServedModel): InputRow =>
      other === own ? inputs : overriddenFor(read.row(other, row), user.overrides, other, versions);
    // as production says, whatever the arm: who gets an answer must not depend on it
    const eligibility = eligibilityOf(
      { ...known, hasAttributes: hasAttributes(real, served.inputs, served.features) },
      served.model.spec.eligible.minAgeDays,
      asOf,
    );
    if (eligibility === 'OPTED_OUT') deps.resultCache?.evictCustomers([user.userId]);
    if (eligibility === 'ELIGIBLE') eligible.push({ user, arm, inputs, inputsOf });
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
  const run = { asOf, startMs, signal };
  const told = await scoreEligible(deps, served, open, arms, run, answers);
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
  return eligible.filter(({ user, arm, inputs }) => {
    if (arm !== null || sourceOf(user) === 'WHAT_IF') return true;
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
  arms: QuestionArms | null,
  run: { asOf: Date; startMs: number; signal: AbortSignal },
  answers: Scored['answers'],
): Promise<Partial<Tally>> {
  if (eligible.length === 0) return {};
  const asked = eligible.map(({ user, arm, inputs, inputsOf }) => ({
    userId: user.userId,
    arm,
    inputs,
    inputsOf,
    imagined: sourceOf(user) === 'WHAT_IF',
  }));
  const experiment = arms && { arms, asked: await arms.ask(deps, asked, run) };
  const said =
    experiment?.asked.answers ??
    (await modelOrElse(deps, served, asked, run)).map((own) => ({ said: own, by: served }));
  const told = { fromLast: 0, fromRules: 0 };
  const fresh: Fresh[] = [];
  const scoredAt = deps.clock.wall();
  const latencyMs = deps.clock.monotonicMs() - run.startMs;
  for (const [index, { user, arm, inputsOf }] of eligible.entries()) {
    const answer = said[index];
    if (!answer) continue;
    const { said: own, by } = answer;
    const isOwn = by === (arm?.served ?? served);
    if (own.by === 'NOBODY') answers.set(user, own.error);
    else if (own.by === 'LAST_SCORE') {
      told.fromLast += 1;
      answers.set(user, { ...answerOf(own.row), source: 'CACHE' });
    } else {
      if (own.by === 'RULES') told.fromRules += 1;
      const row = {
        userId: user.userId,
        modelId: served.model.id,
        modelVersionId: by.version.id,
        probability: own.probability,
        threshold: by.threshold,
        source: own.by === 'RULES' ? ('RULES' as const) : sourceOf(user),
        asOf: run.asOf,
        scoredAt,
        latencyMs,
        inputs: inputsOf(by),
        jobId: null,
      };
      // production in the place of the own arm is not the arm
      const ownArm = own.by === 'MODEL' && isOwn ? arm : null;
      fresh.push({ user, row, index, arm: ownArm, outside: arm === null });
    }
  }
  await writeDown(deps, served, fresh, experiment, answers);
  return told;
}

/** A score that is to be stored. */
interface Fresh {
  user: UserQuestion;
  row: Omit<StoredPrediction, 'id'>;
  /** Among those who were asked. */
  index: number;
  /** The arm whose own score it is; null where production or rules answered. */
  arm: Arm | null;
  outside: boolean;
}

/** Puts the scores of real inputs into the ledger, and tells of them. */
async function writeDown(
  deps: PredictUsersDeps,
  served: ServedModel,
  fresh: readonly Fresh[],
  experiment: { arms: QuestionArms; asked: AskedArms } | null,
  answers: Scored['answers'],
): Promise<void> {
  const real = fresh.filter(({ user }) => sourceOf(user) === 'MODEL');
  const ids = real.length > 0 ? await deps.writePredictions(real.map(({ row }) => row)) : [];
  const idOf = new Map(real.map(({ user }, index) => [user, ids[index] ?? null]));
  const scores: (Fresh & { stored: LedgerRow })[] = [];
  for (const each of fresh) {
    const { user, row } = each;
    const ledgerId = idOf.get(user) ?? null;
    answers.set(user, { ...row, eligibility: 'ELIGIBLE', optedOut: false, ledgerId });
    if (ledgerId !== null && row.source === 'MODEL')
      scores.push({ ...each, stored: { ...row, id: ledgerId, optedOut: false } });
  }
  const byProduction = scores.filter(({ row }) => row.modelVersionId === served.version.id);
  for (const { stored, outside } of byProduction) if (outside) deps.resultCache?.keep(stored);
  deps.shadow?.offer(
    served,
    byProduction.map(({ stored }) => stored),
  );
  const stored = ids.filter((id) => id !== null);
  for (let start = 0; start < stored.length; start += IDS_PER_MESSAGE)
    deps.publishPredictions(served.model.id, { ids: stored.slice(start, start + IDS_PER_MESSAGE) });
  if (!experiment) return;
  const own = scores.flatMap(({ arm, index, stored: row }) => (arm ? [{ arm, index, row }] : []));
  experiment.arms.compare(own, experiment.asked);
  await experiment.arms.expose(own.map(({ arm, row }) => ({ userId: row.userId, arm })));
}
