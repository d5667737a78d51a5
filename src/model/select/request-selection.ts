import { userError, type UserError } from '../../kernel/error.js';
import type { FeatureDefinition, FeatureStatus } from '../../feature/feature.js';
import type { Model } from '../model.js';
import { planTraining } from '../request-training.js';
import {
  defaultSelectionThresholds,
  selectionMethods,
  type SelectionThresholds,
} from '../selection.js';
import { selectJobInput, type SelectJobInput } from '../selection.messages.js';
import { fittingCandidates, namedCandidates } from './choose-candidates.js';

/** What a caller asked for; null is the default. */
export interface SelectionWish {
  asOf: Date | null;
  horizonDays: number | null;
  label: 'BEHAVIOUR' | 'OUTCOMES' | null;
  seed: number | null;
  methods: readonly string[] | null;
  /** Names, or `name@version`; null = all that fit. */
  candidates: readonly string[] | null;
  /** Of what fits; null = APPROVED. */
  statuses: readonly FeatureStatus[] | null;
  thresholds: { [Name in keyof SelectionThresholds]?: number | null } | null;
}

type Plan = { input: SelectJobInput; error: null } | { input: null; error: UserError };

/** Fits of RFECV on one way down, about, where no step is given. */
const STANDARD_STEPS = 40;

/**
 * The input of the SELECT job: every choice made, every instant and version pinned, so that a second attempt
 * does the same. Instants, label and seed follow the rules of a training.
 * @param now the instant asked as of @param wall real time
 */
export function planSelection(
  model: Model,
  registry: readonly FeatureDefinition[],
  wish: SelectionWish,
  now: Date,
  wall: Date,
): Plan {
  const { asOf, horizonDays, label, seed } = wish;
  const asTraining = { algorithms: null, trials: null, promote: 'NO' as const };
  const training = planTraining(
    model,
    { asOf, horizonDays, label, seed, ...asTraining },
    now,
    wall,
  );
  if (training.error) return { input: null, error: training.error };
  const chosen = wish.candidates
    ? namedCandidates(registry, wish.candidates)
    : fittingCandidates(registry, wish.statuses ?? ['APPROVED'], model.spec.features);
  if (chosen.error) return { input: null, error: chosen.error };
  return checked({
    model: model.name,
    asOf: training.input.asOf,
    label: training.input.label,
    horizonDays: training.input.horizonDays,
    seed: training.input.seed,
    methods: inOrder(wish.methods ?? selectionMethods),
    candidates: chosen.keys,
    thresholds: withDefaults(wish.thresholds ?? {}, chosen.keys.length),
  });
}

/** Each once, the cheap ones first; what is unknown stays, to be refused. */
function inOrder(methods: readonly string[]): string[] {
  const known = selectionMethods.filter((method) => methods.includes(method));
  return [...known, ...methods.filter((method) => !known.some((other) => other === method))];
}

function withDefaults(
  given: NonNullable<SelectionWish['thresholds']>,
  candidates: number,
): Record<string, number> {
  const rfecvStep = Math.ceil(candidates / STANDARD_STEPS);
  const wanted = Object.entries(given).filter(([, value]) => value !== null);
  return {
    ...defaultSelectionThresholds,
    rfecvStep,
    ...(Object.fromEntries(wanted) as Record<string, number>),
  };
}

function checked(wished: Record<keyof SelectJobInput, unknown>): Plan {
  const parsed = selectJobInput.safeParse(wished);
  if (parsed.success) return { input: parsed.data, error: null };
  const issue = parsed.error.issues[0];
  const path = (issue?.path ?? []).map(String);
  const field = path.filter((part) => part !== 'thresholds').join('.');
  const got = JSON.stringify(path.reduce<unknown>(valueAt, wished));
  const message = `${field} ${issue?.message ?? 'is not usable'}, got ${got}`;
  return { input: null, error: userError('INVALID', message, 'input', ...path) };
}

function valueAt(value: unknown, key: string): unknown {
  return Object.entries(value ?? {}).find(([name]) => name === key)?.[1];
}
