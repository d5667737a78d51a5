import { z } from 'zod';
import { AppError, userError, type UserError } from '../kernel/error.js';
import { PARITY_TOLERANCE } from '../onnx/parity.js';
import { judgement, type RuleCheck } from './judge/judgement.js';
import type { ModelVersion } from './model.js';
import { reportOf } from './version-report.js';

/** One thing that is looked at before a version may answer. */
export interface GateCheck {
  /** `loads`, `parity`, `rule <name>` or `target <metric>`. */
  name: string;
  met: boolean;
  /** Whether the version stays out of production while it is not met. */
  blocks: boolean;
  /** In words, with what was counted. */
  detail: string;
}

type Judged = Pick<ModelVersion, 'id' | 'report'>;

/**
 * What the record of a version says to the gate, recomputed from it at any time: the graph's agreement with our own
 * predictor (not known of a file from elsewhere, and then left out), business rules, and goals, which only inform.
 */
export function recordedChecks(version: Judged): GateCheck[] {
  const { parity, targets, ruleChecks } = reportOf(version);
  return [
    ...(parity.rows > 0 ? [parityCheck(parity)] : []),
    ...(ruleChecks ?? []).map(checkOfRule),
    ...targets.map(({ metric, goal, value, met }) => ({
      name: `target ${metric}`,
      ...{ met, blocks: false },
      detail: `${figure(value)} on the test part, goal ${figure(goal)}`,
    })),
  ];
}

/** Whether a version can answer: it is loaded as serving would. @throws what a later try may not meet again */
export async function loadCheck(tryOut: () => Promise<void>): Promise<GateCheck> {
  const check = { name: 'loads', blocks: true };
  try {
    await tryOut();
    return { ...check, met: true, detail: 'it loads and its features are registered' };
  } catch (error) {
    if (error instanceof AppError && error.retryable) throw error;
    const detail = error instanceof Error ? error.message : 'unknown reason';
    return { ...check, met: false, detail };
  }
}

function parityCheck({ rows, worstDifference }: { rows: number; worstDifference: number }) {
  return {
    name: 'parity',
    met: worstDifference <= PARITY_TOLERANCE,
    blocks: true,
    detail: `the graph and the predictor differ by at most ${worstDifference.toExponential(1)} in probability on ${rows} rows, ${PARITY_TOLERANCE} is allowed`,
  };
}

function checkOfRule(rule: RuleCheck): GateCheck {
  return { name: `rule ${rule.name}`, met: rule.met, blocks: rule.veto, detail: ruleText(rule) };
}

function ruleText({ rows, violations, tolerance, unknownFeatures }: RuleCheck): string {
  if (unknownFeatures && unknownFeatures.length > 0)
    return `cannot be checked: ${unknownFeatures.join(', ')} is no input of the version`;
  const allowed = tolerance > 0 ? `, ${figure(100 * tolerance)} % are allowed` : '';
  return `${violations} of the ${rows} test rows it covers are called positive${allowed}`;
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));

const rulesOnly = z.object({ ruleChecks: judgement.shape.ruleChecks });

/** The rules with a veto that the version violates; none in a record made before there were any. */
export function violatedRules({ report }: Pick<ModelVersion, 'report'>): GateCheck[] {
  const { ruleChecks = [] } = rulesOnly.parse(report);
  return ruleChecks.filter(({ veto, met }) => veto && !met).map(checkOfRule);
}

/**
 * Why rules keep the version out of production, or the comment to write down: an override needs one, and is told apart
 * in the audit trail.
 */
export function passRules(
  version: Pick<ModelVersion, 'version' | 'report'>,
  comment: string | null,
  override: boolean,
  path: string,
): { error: UserError } | { error: null; comment: string | null } {
  const violated = violatedRules(version);
  if (violated.length === 0) return { error: null, comment };
  const names = violated.map(({ name, detail }) => `${name} (${detail})`).join('; ');
  if (!override)
    return {
      error: userError(
        'CONFLICT',
        `version ${version.version} violates ${names}; an administrator may override this with overrideRules and a comment`,
        path,
      ),
    };
  if (!comment?.trim())
    return {
      error: userError('INVALID', `overrideRules needs a comment: ${names} is violated`, 'comment'),
    };
  return {
    error: null,
    comment: `overrode ${violated.map(({ name }) => name).join(', ')}: ${comment}`,
  };
}
