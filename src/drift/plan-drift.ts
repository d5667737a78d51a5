import { userError, type UserError } from '../kernel/error.js';
import type { DriftReport } from './drift.js';
import type { DriftJobInput } from './drift.messages.js';

/** What a caller asked for; null: left out. */
export interface DriftWish {
  model: string;
  referenceFrom: Date | null;
  referenceUntil: Date | null;
  currentFrom: Date | null;
  currentUntil: Date | null;
}

export type DriftPlan = { input: DriftJobInput; error: null } | { input: null; error: UserError };

/**
 * The input of the DRIFT job, pinned. A window is [from, until); without a from it is everybody as of `until`.
 * @param known whether a model has the name @param versionId what is in production, null for nothing
 * @param latest no window may end after it
 */
export function planDrift(
  wish: DriftWish,
  { known, versionId }: { known: boolean; versionId: string | null },
  now: Date,
  latest: Date,
): DriftPlan {
  if (!known) return refuse('NOT_FOUND', `no model is named ${wish.model.slice(0, 80)}`, 'model');
  if (versionId === null)
    return refuse('CONFLICT', `no version of ${wish.model} is in production`, 'model');
  const currentUntil = wish.currentUntil ?? now;
  const wrong = wrongWindow({ ...wish, currentUntil }, latest);
  if (wrong) return { input: null, error: wrong };
  return {
    input: {
      kind: 'CHECK',
      model: wish.model,
      modelVersionId: versionId,
      referenceFrom: wish.referenceFrom?.toISOString() ?? null,
      referenceUntil: wish.referenceUntil?.toISOString() ?? null,
      currentFrom: wish.currentFrom?.toISOString() ?? null,
      currentUntil: currentUntil.toISOString(),
    },
    error: null,
  };
}

type Windows = DriftWish & { currentUntil: Date };

function wrongWindow(windows: Windows, latest: Date): UserError | null {
  const { referenceFrom, referenceUntil, currentFrom, currentUntil } = windows;
  if (referenceFrom && !referenceUntil)
    return invalid('referenceUntil', 'referenceUntil must be given with referenceFrom');
  for (const [field, from, until] of [
    ['reference', referenceFrom, referenceUntil],
    ['current', currentFrom, currentUntil],
  ] as const) {
    if (until && until > latest)
      return invalid(
        `${field}Until`,
        `${field}Until must not be after ${latest.toISOString()}, got ${until.toISOString()}`,
      );
    if (from && until && from >= until)
      return invalid(
        `${field}From`,
        `${field}From must be before ${until.toISOString()}, the end of the window, got ${from.toISOString()}`,
      );
  }
  const begin = currentFrom ?? currentUntil;
  if (!referenceUntil || referenceUntil < begin) return null;
  if (currentFrom && referenceUntil <= currentFrom) return null;
  const edge = currentFrom ? 'after the current window begins' : 'at or after its end';
  return invalid(
    'referenceUntil',
    `the reference must lie before the current window: referenceUntil is ${edge}, ${referenceUntil.toISOString()} against ${begin.toISOString()}`,
  );
}

/**
 * The input of the job that makes the newer half of the last window the reference (D5). A window without a beginning has no
 * halves: all of it is, or who was busy lately would be what everybody is compared with.
 * @param last the newest report of the version; null: there is none @param begun whether its window was given a beginning
 */
export function planReset(
  model: string,
  parts: { known: boolean; versionId: string | null; last: DriftReport | null; begun: boolean },
): DriftPlan {
  const { known, versionId, last, begun } = parts;
  if (!known) return refuseField('NOT_FOUND', `no model is named ${model.slice(0, 80)}`, ['model']);
  if (versionId === null)
    return refuseField('CONFLICT', `no version of ${model} is in production`, ['model']);
  if (last?.modelVersionId !== versionId)
    return refuseField(
      'CONFLICT',
      `no window of the version of ${model} in production was looked at yet: detectDrift first`,
      ['model'],
    );
  const middle = (last.currentFrom.getTime() + last.currentUntil.getTime()) / 2;
  return {
    input: {
      kind: 'RESET',
      model,
      modelVersionId: versionId,
      referenceFrom: null,
      referenceUntil: null,
      currentFrom: begun ? new Date(Math.floor(middle)).toISOString() : null,
      currentUntil: last.currentUntil.toISOString(),
    },
    error: null,
  };
}

function invalid(field: string, message: string): UserError {
  return userError('INVALID', message, 'input', field);
}

function refuse(code: UserError['code'], message: string, field: string): DriftPlan {
  return refuseField(code, message, ['input', field]);
}

function refuseField(code: UserError['code'], message: string, path: string[]): DriftPlan {
  return { input: null, error: userError(code, message, ...path) };
}
