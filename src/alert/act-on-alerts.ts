import { userError, type UserError } from '../kernel/error.js';
import { DAY_MS } from '../kernel/clock.js';
import { isStorableText } from '../plant/parameters.js';
import type { Alert, AlertRule } from './alert.js';
import { alertSubject, type AlertChange } from './alert-change.js';
import { actOn, isSilent, type AlertAction } from './alert-state.js';

/** What acting on an alert does inside its one transaction. */
export interface ActTransaction {
  byId(id: string): Promise<Alert | null>;
  rules: { byIds(ids: readonly string[]): Promise<(AlertRule | null)[]> };
  apply(changes: readonly AlertChange[], at: Date): Promise<{ told: number; deliveries: number }>;
}

export interface ActOnAlertsDeps {
  change<T>(work: (transaction: ActTransaction) => Promise<T>): Promise<T>;
  onChanged(what: { told: number; deliveries: number }): void;
  wall(): Date;
}

export type ActResult = { alert: Alert; errors: [] } | { alert: null; errors: UserError[] };

/** Characters of a comment at most. */
export const MAX_COMMENT = 1_000;
/** Days that a silence may last. */
const MAX_SILENCE_DAYS = 30;

const ACTIONS = { ACKNOWLEDGE: 'acknowledged', SILENCE: 'silenced', RESOLVE: 'resolved' } as const;

/** A person acknowledges, silences or ends an alert; written to its timeline with the name and the comment. */
export function actOnAlerts(deps: ActOnAlertsDeps) {
  return async (
    id: string,
    action: AlertAction,
    { actor, comment }: { actor: string; comment: string | null },
  ): Promise<ActResult> => {
    const now = deps.wall();
    const errors = [...commentErrors(comment), ...silenceErrors(action, now)];
    if (errors.length > 0) return { alert: null, errors };
    const done = await deps.change(async (transaction) => {
      const before = await transaction.byId(id);
      const [rule] = before ? await transaction.rules.byIds([before.ruleId]) : [];
      if (!before || !rule)
        return refused(userError('NOT_FOUND', `no alert has the id ${alertSubject(id)}`, 'id'));
      const { next, why } = actOn(before, action, now);
      if (!next) return refused(userError('CONFLICT', why, 'id'));
      const alert: Alert = { ...before, ...next };
      const until = action.kind === 'SILENCE' ? { until: action.until.toISOString() } : {};
      const detail = { status: alert.status, ...until, ...(comment ? { comment } : {}) };
      const told = { actor, action: ACTIONS[action.kind], detail };
      const deliver = action.kind !== 'SILENCE' && !isSilent(before, now);
      const change: AlertChange = { alert, before, rule, told, deliver, userIds: [] };
      return { alert, errors: [] as [], applied: await transaction.apply([change], now) };
    });
    if (!done.alert) return done;
    deps.onChanged(done.applied);
    return { alert: done.alert, errors: [] };
  };
}

function refused(error: UserError): { alert: null; errors: UserError[] } {
  return { alert: null, errors: [error] };
}

function commentErrors(comment: string | null): UserError[] {
  if (comment === null || (comment.length <= MAX_COMMENT && isStorableText(comment))) return [];
  return [
    userError(
      'INVALID',
      `comment must be at most ${MAX_COMMENT.toLocaleString('en-US')} storable characters, got ${comment.length}`,
      'comment',
    ),
  ];
}

function silenceErrors(action: AlertAction, now: Date): UserError[] {
  if (action.kind !== 'SILENCE') return [];
  const latest = new Date(now.getTime() + MAX_SILENCE_DAYS * DAY_MS);
  if (action.until > now && action.until <= latest) return [];
  const message = `untilAt must be after now and at most ${MAX_SILENCE_DAYS} days ahead (${latest.toISOString()}), got ${action.until.toISOString()}`;
  return [userError('INVALID', message, 'untilAt')];
}
