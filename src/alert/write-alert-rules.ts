import type { AuditEntry } from '../access/audit.store.js';
import { userError, type UserError } from '../kernel/error.js';
import type { Alert, AlertRule } from './alert.js';
import { alertRuleSubject, endedBy, type AlertChange } from './alert-change.js';
import { checkRule, MAX_RULES, type RuleWish } from './check-alert-rule.js';
import { DEFAULT_RULES } from './default-rules.js';

/** What writing a rule does inside its one transaction. */
export interface RuleTransaction {
  rules: {
    list(): Promise<AlertRule[]>;
    insert(rule: AlertRule): Promise<boolean>;
    update(rule: AlertRule): Promise<boolean>;
  };
  open(ruleId: string): Promise<Alert[]>;
  audit(entry: AuditEntry): Promise<void>;
  apply(changes: readonly AlertChange[], at: Date): Promise<{ told: number; deliveries: number }>;
}

export interface WriteAlertRulesDeps {
  change<T>(work: (transaction: RuleTransaction) => Promise<T>): Promise<T>;
  seed(rules: readonly AlertRule[]): Promise<string[]>;
  /** Channels that can be told; rules name no others. */
  channelNames(): readonly string[];
  onChanged(what: { told: number; deliveries: number }): void;
  newId(): string;
  wall(): Date;
}

export type AlertRuleResult = { rule: AlertRule; errors: [] } | { rule: null; errors: UserError[] };

/** Rules: added, changed, deleted, each with the actor in the audit trail; seeded at the start. */
export function writeAlertRules(deps: WriteAlertRulesDeps) {
  return {
    create: async (wish: RuleWish, actor: string): Promise<AlertRuleResult> => {
      const { checked, errors } = checkRule(wish, deps.channelNames());
      if (!checked) return { rule: null, errors };
      const now = deps.wall();
      const made = { createdAt: now, createdBy: actor, updatedAt: now, deletedAt: null };
      const rule: AlertRule = { ...checked, id: deps.newId(), ...made };
      return deps.change(async (transaction) => {
        const held = (await transaction.rules.list()).length;
        if (held >= MAX_RULES)
          return refused('TOO_LARGE', `there can be at most ${MAX_RULES} rules, there are ${held}`);
        if (!(await transaction.rules.insert(rule))) return nameTaken(rule);
        await transaction.audit(entryOf('created', rule, actor, now));
        return { rule, errors: [] };
      });
    },
    update: (id: string, wish: RuleWish, actor: string): Promise<AlertRuleResult> =>
      replace(deps, id, actor, 'changed', (before) => {
        // a channel that was taken out of the configuration must not keep the rest from being changed
        const known = [...deps.channelNames(), ...before.channels];
        const { checked, errors } = checkRule(wish, known);
        if (!checked) return { rule: null, errors };
        return { rule: { ...before, ...checked, updatedAt: deps.wall() }, errors: [] };
      }),
    remove: (id: string, actor: string): Promise<AlertRuleResult> =>
      replace(deps, id, actor, 'deleted', (before) => {
        const now = deps.wall();
        return { rule: { ...before, updatedAt: now, deletedAt: now }, errors: [] };
      }),
    /** Boot step: default rules that this installation was never given. @returns their names */
    seed: async (): Promise<string[]> => {
      const now = deps.wall();
      return deps.seed(
        DEFAULT_RULES.map((rule) => ({
          ...{ id: deps.newId(), ...rule, labels: {}, channels: [], enabled: true },
          ...{ createdAt: now, createdBy: 'system', updatedAt: now, deletedAt: null },
        })),
      );
    },
  };
}

/** Replaces a rule; alerts that it does not look at any more as it is now are over with it. */
async function replace(
  deps: WriteAlertRulesDeps,
  id: string,
  actor: string,
  action: 'changed' | 'deleted',
  next: (before: AlertRule) => AlertRuleResult,
): Promise<AlertRuleResult> {
  const done = await deps.change(async (transaction) => {
    const before = (await transaction.rules.list()).find((rule) => rule.id === id);
    if (!before) return refused('NOT_FOUND', `no rule has the id ${alertRuleSubject(id)}`, 'id');
    const { rule, errors } = next(before);
    if (!rule) return { rule: null, errors };
    // the log of rules first, then alerts: the order in which the evaluation takes them too
    if (!(await transaction.rules.update(rule))) return nameTaken(rule);
    await transaction.audit(entryOf(action, rule, actor, rule.updatedAt));
    const open = looksElsewhere(before, rule) ? await transaction.open(id) : [];
    const because = rule.deletedAt ? 'its rule was deleted' : 'its rule was changed or disabled';
    const ended = open.map((alert) => endedBy(alert, before, { actor, because }, rule.updatedAt));
    return { rule, errors: [], applied: await transaction.apply(ended, rule.updatedAt) };
  });
  if (!done.rule) return { rule: null, errors: done.errors };
  if ('applied' in done && done.applied.told > 0) deps.onChanged(done.applied);
  return { rule: done.rule, errors: [] };
}

function looksElsewhere(before: AlertRule, rule: AlertRule): boolean {
  if (rule.deletedAt !== null || !rule.enabled) return true;
  const labelsOf = ({ labels }: AlertRule): string =>
    JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return rule.metric !== before.metric || labelsOf(rule) !== labelsOf(before);
}

function entryOf(action: string, rule: AlertRule, actor: string, at: Date): AuditEntry {
  const { id, name, metric, labels, comparison, threshold, severity, enabled } = rule;
  const { forSeconds, keepFiringSeconds, channels } = rule;
  const detail = {
    ...{ name, metric, labels, comparison, threshold, forSeconds, keepFiringSeconds },
    ...{ severity, channels, enabled },
  };
  return { at, actor, action, subject: alertRuleSubject(id), detail };
}

function refused(
  code: UserError['code'],
  message: string,
  ...path: string[]
): { rule: null; errors: UserError[] } {
  return { rule: null, errors: [userError(code, message, ...path)] };
}

function nameTaken({ name }: AlertRule): { rule: null; errors: UserError[] } {
  return refused('CONFLICT', `another rule is named ${name}`, 'name');
}
