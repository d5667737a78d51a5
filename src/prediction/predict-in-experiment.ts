import { AppError } from '../kernel/error.js';
import type { Clock } from '../kernel/clock.js';
import { variantFor } from '../experiment/assign.js';
import { isLive, type Experiment } from '../experiment/experiment.js';
import type { Exposures, RunningExperiments } from '../experiment/running-experiments.js';
import type { ServedModel } from '../model/serving.js';
import type { Log } from '../plant/ports.js';
import type { ArmVersions } from './arm-versions.js';
import type { Degradation } from './degrade.js';
import { modelOrElse, type AskedRow, type ModelOrElseDeps, type Said } from './degrade-answers.js';
import { tableOf } from './input-rows.js';
import type { OtherScores } from './other-scores.js';
import type { InputRow, LedgerRow } from './prediction.js';
import type { Question, UserQuestion } from './predict-users.js';
import type { ShadowScore } from './shadow.js';

/** The arm that answers a customer. */
export interface Arm {
  variantKey: string;
  served: ServedModel;
}

/** An experiment whose arms are versions of the model, as it meets one question. */
export interface QuestionArms {
  experiment: Experiment;
  /** Every version that may have to be asked, production first. */
  versions: readonly [ServedModel, ...ServedModel[]];
  /** Null: outside the experiment, or the arm's version cannot be loaded; then production answers as it always does. */
  armOf(user: UserQuestion): Arm | null;
  ask(
    deps: ModelOrElseDeps,
    rows: readonly ArmedRow[],
    run: { asOf: Date; signal: AbortSignal },
  ): Promise<AskedArms>;
  /** Writes down who was told the score of the own arm; a failure is logged. */
  expose(told: readonly { userId: number; arm: Arm }[]): Promise<void>;
  /** Takes what the other arms say to answers that were given and stored; never waits. */
  compare(given: readonly { index: number; row: LedgerRow }[], asked: AskedArms): void;
}

/** A customer to be scored. */
export interface ArmedRow {
  userId: number;
  arm: Arm | null;
  /** Some inputs were given: only the own version is asked, nothing is compared. */
  imagined: boolean;
  /** The inputs of any of the versions. */
  inputsOf(served: ServedModel): InputRow;
}

/** What was said of each row, and by which version. */
export interface AskedArms {
  answers: { said: Said; by: ServedModel }[];
  /** What the other arms say of a row; an arm that cannot answer is left out. */
  others(index: number): Promise<{ served: ServedModel; probability: number }[]>;
}

export interface InExperimentDeps {
  running: Pick<RunningExperiments, 'ofModel'>;
  exposures: Pick<Exposures, 'expose'>;
  arms: Pick<ArmVersions, 'of'>;
  /** By version: an arm that does not answer in time is not waited for again and again. */
  spells: Degradation;
  others: Pick<OtherScores, 'offer'>;
  clock: Pick<Clock, 'now'>;
  log: Log;
}

/**
 * Which version answers whom, while an experiment with versions as arms runs on the model and the instant asked as of lies in
 * its window; else null, which costs one look into memory.
 */
export function inExperiment(
  deps: InExperimentDeps,
): (question: Question) => Promise<QuestionArms> | null {
  return (question) => {
    const experiment = deps.running.ofModel(question.served.model.id, deps.clock.now());
    return experiment && isLive(experiment, question.asOf)
      ? armsOf(deps, experiment, question)
      : null;
  };
}

async function armsOf(
  deps: InExperimentDeps,
  experiment: Experiment,
  { served: production }: Question,
): Promise<QuestionArms> {
  const loaded = await deps.arms.of(experiment);
  const arms = distinct([...loaded.values()]);
  const known = new Map<UserQuestion, Arm | null>();
  const armOf = (user: UserQuestion): Arm | null => {
    const variant = user.externalId === undefined ? null : variantFor(experiment, user.externalId);
    const served = variant && loaded.get(variant.key);
    return variant && served ? { variantKey: variant.key, served } : null;
  };
  return {
    experiment,
    versions: [production, ...arms.filter(({ version }) => version.id !== production.version.id)],
    armOf(user) {
      const present = known.get(user);
      if (present !== undefined) return present;
      const arm = armOf(user);
      known.set(user, arm);
      return arm;
    },
    ask: (asking, rows, run) =>
      ask({ ...asking, spells: deps.spells }, production, arms, rows, run),
    expose: (told) => expose(deps, experiment, told),
    compare(given, asked) {
      if (given.length > 0) deps.others.offer(comparisons(experiment, given, asked));
    },
  };
}

/** Each version once, in the order given. */
function distinct(versions: readonly ServedModel[]): ServedModel[] {
  return [...new Map(versions.map((served) => [served.version.id, served])).values()];
}

type AskDeps = ModelOrElseDeps & Pick<InExperimentDeps, 'spells'>;

interface Asked {
  served: ServedModel;
  /** Place of each row in the run. */
  places: ReadonlyMap<number, number>;
  /** Null: the version could not answer. */
  said: Promise<(Said | null)[]>;
}

/**
 * One run a version, all at once: each version scores whom it answers, and each arm everybody else who is in the
 * experiment. Waits only for versions that answer somebody. Where an arm cannot answer, production does.
 */
async function ask(
  deps: AskDeps,
  production: ServedModel,
  arms: readonly ServedModel[],
  rows: readonly ArmedRow[],
  run: { asOf: Date; signal: AbortSignal },
): Promise<AskedArms> {
  const ownOf = ({ arm }: ArmedRow): ServedModel => arm?.served ?? production;
  const isArm = new Set(arms.map(({ version }) => version.id));
  const runs = distinct([production, ...arms]).flatMap(
    (served): (Asked & { needed: boolean })[] => {
      const { id } = served.version;
      const chosen = [...rows.keys()].filter((index) => {
        const row = rows[index];
        if (!row) return false;
        return ownOf(row).version.id === id || (isArm.has(id) && row.arm !== null && !row.imagined);
      });
      if (chosen.length === 0) return [];
      const asked = chosen.flatMap((index) => toAsked(rows[index], served));
      const needed = chosen.some((index) => {
        const row = rows[index];
        return row !== undefined && ownOf(row).version.id === id;
      });
      const said =
        needed && id === production.version.id
          ? modelOrElse(deps, production, asked, run)
          : askVersion(deps, served, asked, run);
      said.catch(() => undefined); // whom it concerns awaits it below
      return [{ served, said, needed, places: new Map(chosen.map((index, at) => [index, at])) }];
    },
  );
  const needed = await Promise.all(
    runs.filter((each) => each.needed).map(async (each) => ({ ...each, said: await each.said })),
  );
  const answerOf = (index: number, id: string): Said | null => {
    const own = needed.find(({ served }) => served.version.id === id);
    return own?.said[own.places.get(index) ?? -1] ?? null;
  };
  const answers = rows.map((row, index) => {
    const by = ownOf(row);
    return { said: answerOf(index, by.version.id), by };
  });
  return {
    answers: await withProduction(deps, production, rows, answers, run),
    others: (index) => othersOf(runs, index, answers[index]?.by ?? production),
  };
}

function toAsked(row: ArmedRow | undefined, served: ServedModel): AskedRow[] {
  if (!row) return [];
  return [{ userId: row.userId, inputs: row.inputsOf(served), imagined: row.imagined }];
}

/** The rows of arms that could not answer, by production. */
async function withProduction(
  deps: ModelOrElseDeps,
  production: ServedModel,
  rows: readonly ArmedRow[],
  answers: readonly { said: Said | null; by: ServedModel }[],
  run: { asOf: Date; signal: AbortSignal },
): Promise<AskedArms['answers']> {
  const open = [...answers.keys()].filter((index) => answers[index]?.said === null);
  const asked = open.flatMap((index) => toAsked(rows[index], production));
  const said = asked.length === 0 ? [] : await modelOrElse(deps, production, asked, run);
  const instead = new Map(open.map((index, at) => [index, said[at]]));
  return answers.map(({ said: own, by }, index) => {
    if (own) return { said: own, by };
    const error = new AppError('UNAVAILABLE', `${production.model.name} did not answer`);
    return { said: instead.get(index) ?? { by: 'NOBODY', error }, by: production };
  });
}

/** A version that is not production, or answers nobody: where it fails nothing answers in its place here. */
async function askVersion(
  { scorer, scoreWithinMs, spells }: AskDeps,
  served: ServedModel,
  rows: readonly AskedRow[],
  { signal }: { signal: AbortSignal },
): Promise<(Said | null)[]> {
  const { model, version, inputs } = served;
  const one = { id: version.id, name: `${model.name}, version ${version.version}` };
  const nothing = rows.map(() => null);
  if (!spells.mayAsk(one.id)) return nothing;
  try {
    const table = tableOf(
      inputs,
      rows.map((row) => row.inputs),
    );
    const limits = scoreWithinMs === undefined ? { signal } : { signal, deadlineMs: scoreWithinMs };
    const { probability } = await scorer.score(version.artifactSha256, table, limits);
    spells.answered(one);
    return rows.map((_, index) => ({ by: 'MODEL', probability: probability[index] ?? NaN }));
  } catch (error) {
    if (signal.aborted) throw error;
    spells.failed(
      one,
      error instanceof AppError
        ? error
        : new AppError('INTERNAL', 'the version failed', { cause: error }),
    );
    return nothing;
  }
}

async function othersOf(
  runs: readonly Asked[],
  index: number,
  own: ServedModel,
): Promise<{ served: ServedModel; probability: number }[]> {
  const others: { served: ServedModel; probability: number }[] = [];
  for (const { served, places, said } of runs) {
    const place = places.get(index);
    if (place === undefined || served.version.id === own.version.id) continue;
    const answer = (await said)[place];
    if (answer?.by === 'MODEL') others.push({ served, probability: answer.probability });
  }
  return others;
}

async function comparisons(
  { id: experimentId }: Experiment,
  given: readonly { index: number; row: LedgerRow }[],
  asked: AskedArms,
): Promise<ShadowScore[]> {
  const scores: ShadowScore[] = [];
  for (const { index, row } of given)
    for (const { served, probability } of await asked.others(index))
      scores.push({
        predictionId: row.id,
        modelVersionId: served.version.id,
        modelId: row.modelId,
        userId: row.userId,
        probability,
        threshold: served.threshold,
        answered: row.probability,
        answeredPositive: row.probability >= row.threshold,
        scoredAt: row.scoredAt,
        experimentId,
      });
  return scores;
}

async function expose(
  { exposures, clock, log }: InExperimentDeps,
  { id: experimentId, key }: Experiment,
  told: readonly { userId: number; arm: Arm }[],
): Promise<void> {
  if (told.length === 0) return;
  try {
    await exposures.expose(
      told.map(({ userId, arm: { variantKey } }) => ({ experimentId, userId, variantKey })),
      clock.now(),
    );
  } catch (error) {
    log.error({ err: error, experiment: key }, 'exposures were not written down');
  }
}
