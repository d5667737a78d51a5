import type { AuditEntry } from '../access/audit.store.js';
import { userError, type UserError } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import { DEFAULT_RULES } from './default-rules.js';
import type { QualityStatus, StoredRule } from './quality.js';
import { MAX_RULE_LENGTH, parseRule } from './rule.js';
import type { QualityTable } from './table.js';

export interface WriteRulesDeps {
  rules(): Promise<StoredRule[]>;
  rule(id: string): Promise<StoredRule | null>;
  /** Each writes its entry of the audit trail with the change, or neither. */
  insertRule(rule: StoredRule, told: AuditEntry | null): Promise<boolean>;
  updateRule(rule: StoredRule, told: AuditEntry): Promise<boolean>;
  deleteRule(id: string, told: AuditEntry): Promise<boolean>;
  /** True once in the life of an installation. */
  claimSeed(): Promise<boolean>;
  newId(): string;
  wall(): Date;
}

/** A rule as a caller writes it. */
export interface RuleWish {
  name: string;
  description: string;
  table: QualityTable;
  rule: unknown;
  /** OK is refused. */
  severity: QualityStatus;
  enabled: boolean;
}

export type RuleResult = { rule: StoredRule; errors: [] } | { rule: null; errors: UserError[] };

/** Rules at most, so that a scan stays one statement. */
export const MAX_RULES = 100;

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** The typed id of a rule in the audit trail. */
export function ruleSubject(id: string): string {
  return `QualityRule:${id}`;
}

/** Rules: added, changed, removed, each with the actor in the audit trail. */
export function writeRules(deps: WriteRulesDeps) {
  return {
    create: async (wish: RuleWish, actor: string): Promise<RuleResult> => {
      const checked = checkWish(wish);
      if (!checked.rule) return refuse(checked.errors);
      const held = (await deps.rules()).length;
      if (held >= MAX_RULES)
        return refuse([
          userError(
            'TOO_LARGE',
            `an installation holds at most ${MAX_RULES} rules, it has ${held}`,
          ),
        ]);
      const rule = { ...checked.rule, id: deps.newId(), createdAt: deps.wall(), createdBy: actor };
      return (await deps.insertRule(rule, told(deps, 'created', rule, actor)))
        ? { rule, errors: [] }
        : nameTaken(wish.name);
    },
    update: async (id: string, change: Partial<RuleWish>, actor: string): Promise<RuleResult> => {
      const before = await deps.rule(id);
      if (!before) return unknownRule(id);
      const checked = checkWish({ ...before, ...change });
      if (!checked.rule) return refuse(checked.errors);
      const rule = { ...before, ...checked.rule };
      return (await deps.updateRule(rule, told(deps, 'changed', rule, actor)))
        ? { rule, errors: [] }
        : nameTaken(rule.name);
    },
    remove: async (id: string, actor: string): Promise<RuleResult> => {
      const rule = await deps.rule(id);
      if (!rule || !(await deps.deleteRule(id, told(deps, 'removed', rule, actor))))
        return unknownRule(id);
      return { rule, errors: [] };
    },
    /** Adds the default rules, once in the life of an installation; answers how many. */
    seed: async (): Promise<number> => {
      if (!(await deps.claimSeed())) return 0;
      let added = 0;
      for (const wish of DEFAULT_RULES) {
        const { rule, errors } = checkWish({ ...wish, enabled: true });
        if (!rule) throw new Error(`${wish.name}: ${errors[0]?.message ?? 'is no rule'}`);
        const row = { ...rule, id: deps.newId(), createdAt: deps.wall(), createdBy: 'system' };
        if (await deps.insertRule(row, null)) added += 1;
      }
      return added;
    },
  };
}

type Checked =
  | { rule: Omit<StoredRule, 'id' | 'createdAt' | 'createdBy'>; errors: [] }
  | { rule: null; errors: UserError[] };

function checkWish({ name, description, table, rule, severity, enabled }: RuleWish): Checked {
  const errors: UserError[] = [];
  if (!NAME.test(name))
    errors.push(
      userError(
        'INVALID',
        `name must be a lower-case letter and then up to 62 of a-z 0-9 _, got ${JSON.stringify(name.slice(0, 80))}`,
        'name',
      ),
    );
  if (description.length > 1000 || !isStorableText(description))
    errors.push(
      userError(
        'INVALID',
        `description must be at most 1,000 storable characters, got ${description.length}`,
        'description',
      ),
    );
  if (severity === 'OK')
    errors.push(userError('INVALID', 'severity must be WARNING or FAILED, got OK', 'severity'));
  const length = JSON.stringify(rule).length;
  if (length > MAX_RULE_LENGTH)
    errors.push(
      userError(
        'TOO_LARGE',
        `rule must be at most ${MAX_RULE_LENGTH} characters, got ${length}`,
        'rule',
      ),
    );
  if (errors.length > 0 || severity === 'OK') return { rule: null, errors };
  const parsed = parseRule(table, rule);
  if (!parsed.rule) return { rule: null, errors: parsed.errors };
  return {
    rule: { name, description, table, rule: parsed.rule, severity, enabled },
    errors: [],
  };
}

function told(deps: WriteRulesDeps, action: string, rule: StoredRule, actor: string): AuditEntry {
  const { id, name, table, severity, enabled } = rule;
  const detail = { name, table, severity, enabled, rule: rule.rule };
  return { at: deps.wall(), actor, action, subject: ruleSubject(id), detail };
}

function refuse(errors: UserError[]): RuleResult {
  return { rule: null, errors };
}

function nameTaken(name: string): RuleResult {
  return refuse([userError('CONFLICT', `another rule is named ${name}`, 'name')]);
}

function unknownRule(id: string): RuleResult {
  return refuse([userError('NOT_FOUND', `no rule has the id ${ruleSubject(id)}`, 'id')]);
}
