import { NAME_PATTERN, NAME_RULE } from '../event/event.js';
import { userError, type UserError, type UserErrorCode } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import { METRIC_RULE, parseMetric } from './metric.js';

/** An experiment as it is asked for; nothing is checked yet. */
export interface ExperimentDraft {
  key: string;
  hypothesis: string;
  /** Name of a model; null: arms are treatments. */
  model: string | null;
  variants: readonly VariantDraft[];
  trafficShare: number;
  holdoutShare: number;
  primaryMetric: string;
  guardrails: readonly string[];
  lowerIsBetter: readonly string[];
  minimumUsers: number;
  prePeriodDays: number;
  startsAt: Date;
  endsAt: Date;
}

export interface VariantDraft {
  key: string;
  weight: number;
  control: boolean;
  /** Uuid; null: none, `INVALID_ID`: the text given is no id of a version. */
  modelVersionId: string | null;
  payload: Record<string, unknown>;
}

/** Stands for a text that is no id of a version. */
export const INVALID_ID = '';

const EXPERIMENT_KEY_PATTERN = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_HYPOTHESIS = 2_000;
const VARIANTS = { least: 2, most: 20 };
const MAX_WEIGHT = 1_000_000;
const MAX_GUARDRAILS = 20;
const MAX_PAYLOAD_BYTES = 8 * 1024;
const MAX_PAYLOAD_DEPTH = 5;
const MINIMUM_USERS = { least: 10, most: 1_000_000_000 };
const PRE_PERIOD_DAYS = { least: 0, most: 365 };
/** What Postgres and every reader of ISO-8601 hold alike. */
const INSTANTS = {
  first: Date.parse('1970-01-01T00:00:00Z'),
  last: Date.parse('9999-12-31T00:00:00Z'),
};

/**
 * Every problem of a draft that can be seen without looking anything up; paths begin with `input`. A window may be past: such an
 * experiment ran elsewhere, and cannot be started.
 */
export function checkExperiment(draft: ExperimentDraft): UserError[] {
  const problems: UserError[] = [];
  const add = (message: string, path: readonly (string | number)[], code?: UserErrorCode): void => {
    problems.push(userError(code ?? 'INVALID', message, 'input', ...path.map(String)));
  };
  checkTexts(draft, add);
  checkVariants(draft, add);
  checkShares(draft, add);
  checkMetrics(draft, add);
  checkWindow(draft, add);
  return problems;
}

type Add = (message: string, path: readonly (string | number)[], code?: UserErrorCode) => void;

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function checkTexts({ key, hypothesis }: ExperimentDraft, add: Add): void {
  if (!EXPERIMENT_KEY_PATTERN.test(key))
    add(`key must be a letter and then up to 63 letters, digits or _ . -, got ${shown(key)}`, [
      'key',
    ]);
  if (hypothesis.trim() === '') add('hypothesis must not be empty', ['hypothesis']);
  else if (hypothesis.length > MAX_HYPOTHESIS)
    add(`hypothesis must be 1..${MAX_HYPOTHESIS} characters, got ${hypothesis.length}`, [
      'hypothesis',
    ]);
  else if (!isStorableText(hypothesis))
    add('hypothesis holds a character that cannot be stored', ['hypothesis']);
}

function checkVariants({ variants, model }: ExperimentDraft, add: Add): void {
  const { least, most } = VARIANTS;
  if (variants.length < least || variants.length > most)
    add(`variants must be ${least}..${most}, got ${variants.length}`, ['variants']);
  // not one problem for each of thousands
  if (variants.length > most) return;
  const controls = variants.filter(({ control }) => control).length;
  if (controls > 1) add(`exactly one variant is the control, got ${controls}`, ['variants']);
  const seen = new Set<string>();
  for (const [index, variant] of variants.entries()) {
    checkVariant(variant, ['variants', index], add);
    if (seen.has(variant.key))
      add(`key ${shown(variant.key)} is another variant's already`, ['variants', index, 'key']);
    seen.add(variant.key);
    checkArm(variant, { variants, model }, ['variants', index, 'modelVersion'], add);
  }
}

function checkVariant(
  { key, weight, payload }: VariantDraft,
  path: readonly (string | number)[],
  add: Add,
): void {
  if (!NAME_PATTERN.test(key)) add(`key must be ${NAME_RULE}, got ${shown(key)}`, [...path, 'key']);
  if (!(weight > 0 && weight <= MAX_WEIGHT))
    add(`weight must be above 0 and at most ${MAX_WEIGHT}, got ${weight}`, [...path, 'weight']);
  const at = [...path, 'payload'];
  if (depthOf(payload, 0) > MAX_PAYLOAD_DEPTH) {
    add(`payload must nest at most ${MAX_PAYLOAD_DEPTH} deep`, at);
    return;
  }
  const text = JSON.stringify(payload);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PAYLOAD_BYTES)
    add(
      `payload must be at most ${MAX_PAYLOAD_BYTES} bytes of JSON, got ${bytes}`,
      at,
      'TOO_LARGE',
    );
  // JSON.stringify writes what Postgres refuses as \u escapes; a harmless backslash before `u0000` is refused too
  else if (/\\u(?:0000|d[89a-f])/i.test(text))
    add('payload holds a character that cannot be stored', at);
}

/** All arms are versions of the model, or none is. */
function checkArm(
  { modelVersionId }: VariantDraft,
  { variants, model }: Pick<ExperimentDraft, 'variants' | 'model'>,
  path: readonly (string | number)[],
  add: Add,
): void {
  if (modelVersionId === INVALID_ID)
    add('modelVersion must be the id of a version, ModelVersion:<uuid>', path);
  else if (modelVersionId !== null && model === null)
    add('modelVersion needs model: the model that the arms are versions of', path);
  else if (modelVersionId === null && model !== null)
    add(
      variants.some((variant) => variant.modelVersionId !== null)
        ? 'modelVersion is missing: all arms are versions of the model, or none is'
        : 'modelVersion is missing: with model given every arm is one of its versions',
      path,
    );
}

function depthOf(value: unknown, depth: number): number {
  if (depth > MAX_PAYLOAD_DEPTH || typeof value !== 'object' || value === null) return depth;
  let deepest = depth + 1;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, depth + 1));
  return deepest;
}

function checkShares(draft: ExperimentDraft, add: Add): void {
  const { trafficShare, holdoutShare, minimumUsers, prePeriodDays } = draft;
  if (!(trafficShare > 0 && trafficShare <= 1))
    add(`trafficShare must be above 0 and at most 1, got ${trafficShare}`, ['trafficShare']);
  if (!(holdoutShare >= 0 && holdoutShare < 1))
    add(`holdoutShare must be 0 to below 1, got ${holdoutShare}`, ['holdoutShare']);
  for (const [name, value, { least, most }] of [
    ['minimumUsers', minimumUsers, MINIMUM_USERS],
    ['prePeriodDays', prePeriodDays, PRE_PERIOD_DAYS],
  ] as const)
    if (!Number.isInteger(value) || value < least || value > most)
      add(`${name} must be ${least}..${most}, got ${value}`, [name]);
}

function checkMetrics(draft: ExperimentDraft, add: Add): void {
  const { primaryMetric, guardrails, lowerIsBetter, model } = draft;
  const known = (text: string, path: readonly (string | number)[]): void => {
    const metric = parseMetric(text);
    const name = String(path[0]);
    if (!metric) add(`${name} must be ${METRIC_RULE}, got ${shown(text)}`, path);
    else if (metric.kind === 'model' && model === null)
      add(`${name} ${text} needs arms that are versions of a model`, path);
  };
  known(primaryMetric, ['primaryMetric']);
  if (guardrails.length > MAX_GUARDRAILS)
    add(`guardrails must be at most ${MAX_GUARDRAILS}, got ${guardrails.length}`, ['guardrails']);
  else
    for (const [index, guardrail] of guardrails.entries()) {
      const path = ['guardrails', index];
      known(guardrail, path);
      if (guardrail === primaryMetric || guardrails.indexOf(guardrail) < index)
        add(`guardrails names ${shown(guardrail)} twice, or the primary metric`, path);
    }
  const metrics = [primaryMetric, ...guardrails];
  if (lowerIsBetter.length > metrics.length)
    add(`lowerIsBetter must be at most ${metrics.length}, got ${lowerIsBetter.length}`, [
      'lowerIsBetter',
    ]);
  else
    for (const [index, metric] of lowerIsBetter.entries())
      if (!metrics.includes(metric) || lowerIsBetter.indexOf(metric) < index)
        add(
          `lowerIsBetter must name primaryMetric or guardrails, each once, got ${shown(metric)}`,
          ['lowerIsBetter', index],
        );
}

function checkWindow({ startsAt, endsAt }: ExperimentDraft, add: Add): void {
  for (const [name, instant] of [
    ['startsAt', startsAt],
    ['endsAt', endsAt],
  ] as const)
    if (!(instant.getTime() >= INSTANTS.first && instant.getTime() <= INSTANTS.last))
      add(`${name} must be an instant of the years 1970..9999`, [name]);
  if (!(startsAt < endsAt))
    add(`startsAt must be before endsAt, got ${isoOf(startsAt)} and ${isoOf(endsAt)}`, [
      'startsAt',
    ]);
}

function isoOf(instant: Date): string {
  return Number.isNaN(instant.getTime()) ? 'no instant' : instant.toISOString();
}
