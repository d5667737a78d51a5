import { DAY_MS } from '../kernel/clock.js';
import { userError, type UserError } from '../kernel/error.js';
import type { Model } from './model.js';
import { trainJobInput, type TrainJobInput } from './model.messages.js';

/** Where labels are recorded outcomes the horizon looks at nothing; the record still wants one. */
const OUTCOME_HORIZON_DAYS = 30;

/** What a caller asked for; null comes from the spec. */
export interface TrainingWish {
  asOf: Date | null;
  horizonDays: number | null;
  label: 'BEHAVIOUR' | 'OUTCOMES' | null;
  algorithms: readonly string[] | null;
  trials: number | null;
  seed: number | null;
  promote: 'NO' | 'YES' | 'IF_BETTER';
}

/**
 * The input of the TRAIN job: every choice made and every instant pinned, so that a second attempt
 * trains the same. @param now the instant asked as of; @param wall real time; no label is known after the later of the two
 */
export function planTraining(
  model: Model,
  wish: TrainingWish,
  now: Date,
  wall: Date,
): { input: TrainJobInput; error: null } | { input: null; error: UserError } {
  const rule = model.spec.label;
  const label = wish.label ?? (rule.kind === 'OUTCOMES' ? 'OUTCOMES' : 'BEHAVIOUR');
  const horizonDays =
    wish.horizonDays ?? (rule.kind === 'NO_EVENT' ? rule.horizonDays : OUTCOME_HORIZON_DAYS);
  const horizon = trainJobInput.shape.horizonDays.safeParse(horizonDays);
  if (!horizon.success) return wrong('horizonDays', horizon.error.issues[0], horizonDays);
  const horizonMs = horizonDays * DAY_MS;
  const asOf = wish.asOf ?? (label === 'BEHAVIOUR' ? new Date(now.getTime() - horizonMs) : now);
  const wished = {
    model: model.name,
    asOf: asOf.toISOString(),
    label,
    horizonDays,
    algorithms: wish.algorithms ?? model.spec.algorithms,
    trials: wish.trials ?? model.spec.trials,
    seed: wish.seed ?? model.spec.seed,
    promote: wish.promote,
  };
  const parsed = trainJobInput.safeParse(wished);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = String(issue?.path[0] ?? 'input');
    return wrong(field, issue, Object.entries(wished).find(([name]) => name === field)?.[1]);
  }
  const known = new Date(Math.max(now.getTime(), wall.getTime()));
  if (label === 'BEHAVIOUR' && asOf.getTime() + horizonMs > known.getTime())
    return {
      input: null,
      error: userError(
        'INVALID',
        `asOf + ${horizonDays} days must not be after ${known.toISOString()}, got ${new Date(asOf.getTime() + horizonMs).toISOString()}: those labels are not known yet`,
        'input',
        'asOf',
      ),
    };
  if (asOf > known)
    return {
      input: null,
      error: userError(
        'INVALID',
        `asOf must not be after ${known.toISOString()}, got ${asOf.toISOString()}`,
        'input',
        'asOf',
      ),
    };
  return { input: parsed.data, error: null };
}

function wrong(
  field: string,
  issue: { message: string } | undefined,
  value: unknown,
): { input: null; error: UserError } {
  const message = `${field} ${issue?.message ?? 'is not usable'}, got ${JSON.stringify(value)}`;
  return { input: null, error: userError('INVALID', message, 'input', field) };
}
