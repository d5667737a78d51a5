import { expect } from 'vitest';
import type { ManualClock } from '../../src/kernel/clock.js';
import type { Database } from '../../src/plant/ports.js';
import type { AlertLab } from './alert-lab.js';

export const CREATE = `mutation ($input: AlertRuleInput!) { createAlertRule(input: $input) {
  rule { id name description metric labels comparison threshold forSeconds keepFiringSeconds severity channels enabled
    createdBy createdAt updatedAt deletedAt }
  userErrors { code message path } } }`;
export const UPDATE = `mutation ($id: ID!, $input: AlertRuleInput!) { updateAlertRule(id: $id, input: $input) {
  rule { name threshold enabled channels } userErrors { code message path } } }`;
export const DELETE = `mutation ($id: ID!) { deleteAlertRule(id: $id) { rule { name deletedAt } userErrors { code path } } }`;
const act = (mutation: string, more = '', variables = ''): string =>
  `mutation ($id: ID!, $comment: String${variables}) { ${mutation}(id: $id, comment: $comment${more}) {
    alert { id status revision acknowledgedAt acknowledgedBy silencedUntil resolvedAt }
    userErrors { code message path } } }`;
export const ACK = act('acknowledgeAlert');
export const RESOLVE = act('resolveAlert');
export const SILENCE = act('silenceAlert', ', untilAt: $untilAt', ', $untilAt: DateTime!');

export const wish = (change: object = {}) => ({
  input: {
    ...{ name: 'errors', metric: 'error_rate', comparison: 'GT', threshold: 0.05 },
    ...{ severity: 'HIGH', ...change },
  },
});
/** What tests of the graph ask again and again. */
export function alertQuestions(lab: AlertLab, db: Database, clock: ManualClock) {
  const create = async (change: object = {}) => {
    const { createAlertRule } = await lab.ask(CREATE, wish(change), 'OPERATOR');
    expect(createAlertRule.userErrors).toEqual([]);
    return createAlertRule.rule as { id: string } & Record<string, unknown>;
  };
  const refused = async (document: string, variables: object) => {
    const data = await lab.ask(document, variables as Record<string, unknown>);
    const [payload] = Object.values(data as Record<string, { userErrors: [] }>);
    return (payload?.userErrors ?? []) as { code: string; message: string; path: string[] }[];
  };
  /** A job that failed a moment ago: `jobs_failed` of its kind is 1 for an hour. */
  const failJob = (kind: string, count = 1) =>
    db.query(
      `insert into job (id, kind, status, created_at, finished_at, created_by)
       select gen_random_uuid(), $1::job_kind, 'FAILED', $2, $2, 'me' from generate_series(1, $3)`,
      [kind, clock.wall(), count],
    );
  /** Fires an alert of a rule on failed jobs; its id. */
  const fire = async (change: object = {}): Promise<string> => {
    await create({
      name: 'failed',
      metric: 'jobs_failed',
      threshold: 0,
      labels: { kind: 'TRAIN' },
      ...change,
    });
    await failJob('TRAIN');
    await lab.pass(15);
    return (await lab.alerts('status: [FIRING]'))[0]?.id ?? 'none';
  };
  return { create, refused, failJob, fire };
}
