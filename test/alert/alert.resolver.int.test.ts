import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertFromSnapshot } from '../../src/alert/alert-node.js';
import { METRICS } from '../../src/alert/metric-catalogue.js';
import type { AlertSnapshot } from '../../src/alert/alert.js';
import type { RoleName } from '../../src/graphql/context.js';
import { feedPosition } from '../../src/graphql/feed-cursor.js';
import { manualClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { alertLab, type AlertLab } from './alert-lab.js';

const START = new Date('2026-06-01T10:00:00Z');
const clock = manualClock(START);
let database: TestDatabase;
let lab: AlertLab;

beforeAll(async () => {
  database = await testDatabase();
  lab = alertLab(database.db, clock);
  await lab.addUsers([1, 2, 3]);
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock.set(START);
  await lab.clear();
});

const CREATE = `mutation ($input: AlertRuleInput!) { createAlertRule(input: $input) {
  rule { id name description metric labels comparison threshold forSeconds keepFiringSeconds severity channels enabled
    createdBy createdAt updatedAt deletedAt }
  userErrors { code message path } } }`;
const UPDATE = `mutation ($id: ID!, $input: AlertRuleInput!) { updateAlertRule(id: $id, input: $input) {
  rule { name threshold enabled channels } userErrors { code message path } } }`;
const DELETE = `mutation ($id: ID!) { deleteAlertRule(id: $id) { rule { name deletedAt } userErrors { code path } } }`;
const act = (mutation: string, more = '', variables = ''): string =>
  `mutation ($id: ID!, $comment: String${variables}) { ${mutation}(id: $id, comment: $comment${more}) {
    alert { id status revision acknowledgedAt acknowledgedBy silencedUntil resolvedAt }
    userErrors { code message path } } }`;
const ACK = act('acknowledgeAlert');
const RESOLVE = act('resolveAlert');
const SILENCE = act('silenceAlert', ', untilAt: $untilAt', ', $untilAt: DateTime!');

const wish = (change: object = {}) => ({
  input: {
    ...{ name: 'errors', metric: 'error_rate', comparison: 'GT', threshold: 0.05 },
    ...{ severity: 'HIGH', ...change },
  },
});
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
  database.db.query(
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

describe('a rule', () => {
  it.each([
    [{ name: '  ' }, ['input', 'name'], 'name must be 1..120 characters, got 0'],
    [{ name: 'x'.repeat(121) }, ['input', 'name'], 'got 121'],
    [{ name: 'a\u0000b' }, ['input', 'name'], 'U+0000'],
    [{ description: 'x'.repeat(1_001) }, ['input', 'description'], 'description must be 0..1,000'],
    [
      { metric: 'eror_rate' },
      ['input', 'metric'],
      'no metric is named "eror_rate": the nearest are error_rate',
    ],
    [{ metric: 'latency' }, ['input', 'metric'], 'latency_seconds'],
    [{ metric: '' }, ['input', 'metric'], 'no metric is named ""'],
    [
      { labels: { modell: 'churn' } },
      ['input', 'labels', 'modell'],
      'has no label "modell": the nearest is model',
    ],
    [
      { labels: { model: 3 } },
      ['input', 'labels', 'model'],
      'must be a text of 1..200 characters, got number',
    ],
    [{ labels: { model: '' } }, ['input', 'labels', 'model'], 'got 0 characters'],
    [
      { metric: 'request_error_rate', labels: { model: 'churn' } },
      ['input', 'labels', 'model'],
      'request_error_rate has no labels',
    ],
    [{ forSeconds: -1 }, ['input', 'forSeconds'], 'forSeconds must be 0..604,800, got -1'],
    [{ forSeconds: 604_801 }, ['input', 'forSeconds'], 'got 604801'],
    [{ keepFiringSeconds: -5 }, ['input', 'keepFiringSeconds'], 'got -5'],
    [
      { channels: ['ops', 'pager'] },
      ['input', 'channels'],
      'no channel is named "pager": there are ops, night',
    ],
  ])('is refused with the field and its bound: %#', async (change, path, message) => {
    const [error, ...more] = await refused(CREATE, wish(change));
    expect(more).toEqual([]);
    expect(error).toMatchObject({ code: 'INVALID', path });
    expect(error?.message).toContain(message);
    expect(await lab.work.rules.list()).toEqual([]);
  });

  it('has its threshold refused where it is no number at all', async () => {
    const document = CREATE.replace('($input: AlertRuleInput!)', '').replace(
      '$input',
      '{ name: "a", metric: "volume", comparison: LT, threshold: 1e999, severity: LOW }',
    );
    const { errors, data } = await lab.graph.ask(document);
    const told = JSON.stringify([errors, data]);
    expect(told).toMatch(/threshold must be a finite number|non-finite|non numeric/i);
  });

  it('is named once; a name is free again when its rule is gone', async () => {
    const { id } = await create();
    expect(await refused(CREATE, wish())).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'name'], message: 'another rule is named errors' },
    ]);
    const other = await create({ name: 'other' });
    expect(await refused(UPDATE, { id: other.id, ...wish() })).toMatchObject([
      { code: 'CONFLICT' },
    ]);
    await lab.ask(DELETE, { id });
    await create();
  });

  it('lives: made, changed, deleted, each with its actor in the audit trail', async () => {
    const rule = await create({
      labels: { model: 'churn' },
      channels: ['ops', 'ops'],
      description: 'why',
    });
    expect(rule).toMatchObject({
      ...{
        forSeconds: 0,
        keepFiringSeconds: 60,
        enabled: true,
        channels: ['ops'],
        deletedAt: null,
      },
      ...{ labels: { model: 'churn' }, createdBy: 'operator key', createdAt: START.toISOString() },
    });
    const { updateAlertRule } = await lab.ask(UPDATE, {
      id: rule.id,
      ...wish({ threshold: 0.1, enabled: false }),
    });
    expect(updateAlertRule.rule).toEqual({
      name: 'errors',
      threshold: 0.1,
      enabled: false,
      channels: [],
    });
    const { deleteAlertRule } = await lab.ask(DELETE, { id: rule.id });
    expect(deleteAlertRule.rule.deletedAt).toEqual(START.toISOString());
    expect((await lab.ask('{ alertRules { name } }')).alertRules).toEqual([]);
    for (const [document, variables] of [
      [DELETE, { id: rule.id }],
      [UPDATE, { id: rule.id, ...wish() }],
    ] as const)
      expect(await refused(document, variables)).toMatchObject([
        { code: 'NOT_FOUND', path: ['id'] },
      ]);
    expect(await refused(DELETE, { id: 'User:1' })).toMatchObject([
      { code: 'INVALID', path: ['id'] },
    ]);
    const trail = await lab.audit.bySubject(rule.id);
    expect(trail.map(({ action, actor }) => `${action} ${actor}`)).toEqual([
      'deleted admin key',
      'changed admin key',
      'created operator key',
    ]);
  });

  it('is only text, whatever it says', async () => {
    const evil = `'; drop table alert; -- \${process.exit(1)} {{7*7}} $(reboot) <script>`;
    await create({
      name: evil,
      description: evil,
      metric: 'jobs_failed',
      threshold: 0,
      labels: { kind: evil },
    });
    await failJob('TRAIN');
    await lab.pass(30);
    expect(await lab.alerts()).toEqual([]);
    const { alertRules } = await lab.ask('{ alertRules { name description labels } }');
    expect(alertRules).toEqual([{ name: evil, description: evil, labels: { kind: evil } }]);
  });

  it('that is disabled, deleted or looks elsewhere ends its alerts at once; another threshold does not', async () => {
    const id = await fire();
    const [rule] = await lab.work.rules.list();
    const ruleId = `AlertRule:${rule?.id ?? ''}`;
    const input = { ...wish({ name: 'failed', metric: 'jobs_failed', labels: { kind: 'TRAIN' } }) };
    await lab.ask(UPDATE, { id: ruleId, input: { ...input.input, threshold: 0.5 } });
    expect((await lab.alerts())[0]?.status).toBe('FIRING');
    await lab.ask(
      UPDATE,
      { id: ruleId, input: { ...input.input, labels: { kind: 'SCORE' } } },
      'OPERATOR',
    );
    const { alert } = await lab.ask(
      `query ($id: ID!) { alert(id: $id) { status timeline { actor detail } } }`,
      { id },
    );
    expect(alert.status).toBe('RESOLVED');
    expect(alert.timeline[0]).toEqual({
      actor: 'operator key',
      detail: { status: 'RESOLVED', because: 'its rule was changed or disabled' },
    });
  });
});

describe('an alert', () => {
  it('is acknowledged with a comment, goes on, and is over with its whole history', async () => {
    const id = await fire({ channels: ['ops'] });
    const { acknowledgeAlert } = await lab.ask(ACK, { id, comment: 'mine' }, 'OPERATOR');
    expect(acknowledgeAlert).toEqual({
      alert: {
        ...{ id, status: 'ACKNOWLEDGED', revision: 2, acknowledgedAt: clock.wall().toISOString() },
        ...{ acknowledgedBy: 'operator key', silencedUntil: null, resolvedAt: null },
      },
      userErrors: [],
    });
    expect(await refused(ACK, { id })).toMatchObject([{ code: 'CONFLICT', path: ['id'] }]);
    await lab.pass(45);
    expect((await lab.alerts()).map(({ status }) => status)).toEqual(['ACKNOWLEDGED']);
    await database.db.query('delete from job');
    await lab.pass(90);
    const { alert } = await lab.ask(
      `query ($id: ID!) { alert(id: $id) { status resolvedAt rule { name }
        timeline { actor action detail } deliveries { channel status attempts lastError deliveredAt } } }`,
      { id },
    );
    expect(alert.status).toBe('RESOLVED');
    expect(
      alert.timeline.map(({ actor, action }: Record<string, string>) => `${actor}: ${action}`),
    ).toEqual(['alerts: resolved', 'operator key: acknowledged', 'alerts: fired']);
    expect(alert.timeline[1].detail).toMatchObject({ comment: 'mine' });
    // fired, acknowledged, resolved
    expect(alert.deliveries).toHaveLength(3);
    expect(await refused(RESOLVE, { id })).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('that is silenced stays visible, tells no channel, and comes back when it still holds', async () => {
    const id = await fire({ channels: ['ops'] });
    const untilAt = new Date(clock.wall().getTime() + 60_000);
    const { silenceAlert } = await lab.ask(SILENCE, { id, untilAt, comment: 'known' });
    expect(silenceAlert.alert).toMatchObject({
      status: 'SILENCED',
      silencedUntil: untilAt.toISOString(),
    });
    await lab.pass(45);
    expect((await lab.alerts('status: [SILENCED]'))[0]?.id).toBe(id);
    const sent = () => database.db.query('select revision from alert_delivery order by 1');
    expect(await sent()).toEqual([{ revision: 1 }]);
    await lab.pass(15);
    expect((await lab.alerts('status: [FIRING]'))[0]?.id).toBe(id);
    expect(await sent()).toEqual([{ revision: 1 }, { revision: 3 }]);
    // silenced again, it ends unheard
    await lab.ask(SILENCE, { id, untilAt: new Date(clock.wall().getTime() + 600_000) });
    await database.db.query('delete from job');
    await lab.pass(90);
    expect((await lab.alerts())[0]?.status).toBe('RESOLVED');
    expect(await sent()).toEqual([{ revision: 1 }, { revision: 3 }]);
  });

  it.each([
    ['now', 0],
    ['in the past', -1_000],
    ['in more than 30 days', 30 * 86_400_000 + 1],
  ])('is not silenced until %s', async (_title, ms) => {
    const id = await fire();
    const untilAt = new Date(clock.wall().getTime() + ms);
    expect(await refused(SILENCE, { id, untilAt })).toMatchObject([
      { code: 'INVALID', path: ['untilAt'] },
    ]);
  });

  it('is ended by hand; where it still holds another begins', async () => {
    const id = await fire();
    const { resolveAlert } = await lab.ask(RESOLVE, { id, comment: 'enough' });
    expect(resolveAlert.alert).toMatchObject({
      status: 'RESOLVED',
      resolvedAt: clock.wall().toISOString(),
    });
    await lab.pass(15);
    expect((await lab.alerts()).map(({ status }) => status)).toEqual(['FIRING', 'RESOLVED']);
  });

  it.each([ACK, RESOLVE])('is refused an action on another id: %#', async (document) => {
    const id = 'Alert:0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa';
    expect(await refused(document, { id })).toMatchObject([{ code: 'NOT_FOUND', path: ['id'] }]);
    expect(await refused(document, { id: 'Alert:1' })).toMatchObject([{ code: 'INVALID' }]);
    expect(await refused(document, { id, comment: 'x'.repeat(1_001) })).toMatchObject([
      { code: 'INVALID', path: ['comment'] },
    ]);
    expect((await lab.ask('query ($id: ID!) { alert(id: $id) { id } }', { id })).alert).toBeNull();
  });

  it('is acted on by one of two who do it at once', async () => {
    const id = await fire();
    const answers = await Promise.all([1, 2, 3, 4].map(() => refused(RESOLVE, { id })));
    expect(answers.filter((errors) => errors.length === 0)).toHaveLength(1);
  });

  it('has the cursor of its newest change, and as a snapshot that of its own', async () => {
    const id = await fire();
    const ask = async () =>
      (await lab.ask('query ($id: ID!) { alert(id: $id) { cursor } }', { id })).alert
        .cursor as string;
    const before = feedPosition('alert', await ask()) ?? 0;
    await lab.ask(ACK, { id });
    const after = feedPosition('alert', await ask()) ?? 0;
    expect(after).toBeGreaterThan(before);
    const entries = await readFeed(database.db, 'alert', before, 10);
    expect(entries.map((entry) => entry.id)).toEqual([after]);
    expect(entries[0]).toMatchObject({ keys: { severity: 'HIGH', status: 'ACKNOWLEDGED' } });
    await lab.ask(RESOLVE, { id });
    const node = alertFromSnapshot(entries[0]?.payload as AlertSnapshot, 'there');
    expect(node).toMatchObject({
      id,
      status: 'ACKNOWLEDGED',
      cursorThen: 'there',
      resolvedAt: null,
    });
    expect(node.acknowledgedAt).toEqual(clock.wall());
  });
});

describe('the list', () => {
  it('is walked a page at a time, by status, severity and start, and keeps what is over', async () => {
    for (const [name, severity] of [
      ['a', 'LOW'],
      ['b', 'MEDIUM'],
      ['c', 'CRITICAL'],
    ])
      await create({ name, severity, metric: 'jobs_failed', threshold: 0, keepFiringSeconds: 0 });
    const kinds = ['TRAIN', 'SCORE', 'REPORT'];
    for (const kind of kinds) {
      await failJob(kind);
      await lab.pass(15);
      clock.advance(86_400_000);
      await lab.pass(15);
    }
    const whole = await lab.alerts();
    expect(whole).toHaveLength(9);
    const walked: string[] = [];
    let after: string | null = null;
    do {
      const { alerts } = (await lab.ask(
        `query ($after: String) { alerts(first: 2, after: $after) {
          edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )) as {
        alerts: {
          edges: { node: { id: string } }[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      };
      walked.push(...alerts.edges.map(({ node }) => node.id));
      after = alerts.pageInfo.hasNextPage ? alerts.pageInfo.endCursor : null;
    } while (after !== null);
    expect(walked).toEqual(whole.map(({ id }) => id));
    expect(await lab.alerts('minSeverity: MEDIUM')).toHaveLength(6);
    expect(await lab.alerts('status: [FIRING, PENDING]')).toHaveLength(0);
    const day = new Date(clock.wall().getTime() - 86_400_000 - 60_000).toISOString();
    expect(await lab.alerts(`since: "${day}"`)).toHaveLength(3);
  });

  it.each(['first: -1', 'first: 1001', 'after: "x"', 'after: "WzEsMl0"'])(
    'refuses %s',
    async (argument) => {
      await expect(lab.ask(`{ alerts(${argument}) { nodes { id } } }`)).rejects.toThrow(
        /first must be|not a cursor/,
      );
    },
  );

  it('costs the same statements however many alerts it holds', async () => {
    const count = async (first: number) => {
      const { errors, counts } = await lab.graph.ask(
        `{ alerts(first: ${first}) { nodes { cursor rule { name } timeline { action }
           affectedUsers(first: 2) { totalCount nodes { id } } } } }`,
      );
      expect(errors).toBeUndefined();
      return counts.sql;
    };
    await fire({ labels: {} });
    await failJob('SCORE');
    await failJob('REPORT');
    await lab.pass(15);
    await database.db.query(
      'insert into alert_user select a.id, u from alert a, generate_series(1, 3) u',
    );
    expect(await lab.alerts()).toHaveLength(3);
    expect(await count(3)).toBe(await count(1));
    const ofUsers = async (first: number) =>
      (
        await lab.graph.ask(
          `{ users(first: ${first}) { nodes { alerts(first: 1) { nodes { id } } } } }`,
        )
      ).counts.sql;
    expect(await ofUsers(3)).toBe(await ofUsers(1));
  });
});

describe('metrics', () => {
  it('are listed with what can be asked of them, and read only when that is asked', async () => {
    await failJob('TRAIN', 2);
    await lab.serve({ requests: 4, errors: 1, seconds: 0.5 });
    const plain = await lab.graph.ask(
      '{ alertMetrics { name unit min max layer labels description } }',
    );
    expect(plain.counts.sql).toBe(0);
    expect(plain.data.alertMetrics).toHaveLength(METRICS.length);
    const { alertMetrics } = await lab.ask('{ alertMetrics { name readings { labels value } } }');
    const readings = new Map(
      (alertMetrics as { name: string; readings: { value: number; labels: object }[] }[]).map(
        (metric) => [metric.name, metric.readings],
      ),
    );
    expect(readings.get('error_rate')).toEqual([{ labels: { model: 'churn' }, value: 0.25 }]);
    expect(readings.get('latency_seconds')?.[0]?.value).toBeCloseTo(0.5, 12);
    expect(readings.get('latency_p95_seconds')?.[0]?.value).toBeCloseTo(0.25 + 0.25 * 0.95, 12);
    expect(readings.get('volume')).toEqual([{ labels: { model: 'churn' }, value: 4 }]);
    expect(readings.get('request_error_rate')).toEqual([]);
    expect(readings.get('jobs_failed')).toContainEqual({ labels: { kind: 'TRAIN' }, value: 2 });
    expect(readings.get('queue_age_seconds')).toContainEqual({
      labels: { kind: 'TRAIN' },
      value: 0,
    });
  });

  it('count customers whose risk rose into a level, not those whose risk fell or was never known', async () => {
    const { id } = await lab.addModel('churn');
    await database.db.query(
      `insert into feed_entry (topic, at, subject, user_id, keys)
       select 'risk', $1, p::text, u, jsonb_build_object('model', $2::text, 'from', f, 'to', t)
       from (values (1, 1, 'LOW', 'HIGH'), (2, 2, 'MEDIUM', 'HIGH'), (3, 1, 'LOW', 'HIGH'), (4, 3, 'CRITICAL', 'HIGH'),
         (5, 3, null, 'HIGH'), (6, 3, 'HIGH', 'CRITICAL')) as e(p, u, f, t)`,
      [clock.wall(), id],
    );
    await create({
      metric: 'risk_crossings',
      threshold: 1,
      comparison: 'GTE',
      labels: { model: 'churn' },
    });
    await lab.pass(15);
    const { alerts } = await lab.ask(
      '{ alerts { nodes { labels value affectedUsers { nodes { externalId } } } } }',
    );
    const seen = (alerts.nodes as { labels: { level: string } }[]).sort((a, b) =>
      a.labels.level < b.labels.level ? -1 : 1,
    );
    expect(seen).toMatchObject([
      {
        labels: { model: 'churn', level: 'CRITICAL' },
        value: 1,
        affectedUsers: { nodes: [{ externalId: 'u3' }] },
      },
      {
        ...{ labels: { model: 'churn', level: 'HIGH' }, value: 2 },
        affectedUsers: { nodes: [{ externalId: 'u1' }, { externalId: 'u2' }] },
      },
    ]);
  });
});

describe('rights', () => {
  const reads = [
    '{ alerts { nodes { id } } }',
    '{ alertRules { id } }',
    '{ alertMetrics { name } }',
  ];
  const id = 'Alert:0197aaaa-aaaa-7aaa-aaaa-aaaaaaaaaaaa';
  const writes: [string, Record<string, unknown>][] = [
    [CREATE, wish({ name: 'of a role' })],
    [UPDATE, { id: 'AlertRule:x', ...wish() }],
    [DELETE, { id: 'AlertRule:x' }],
    [ACK, { id }],
    [RESOLVE, { id }],
    [SILENCE, { id, untilAt: new Date(START.getTime() + 60_000) }],
  ];
  const rights: [RoleName, boolean, boolean][] = [
    ['CRM', false, false],
    ['ANALYST', true, false],
    ['OPERATOR', true, true],
    ['ADMIN', true, true],
  ];
  it.each(rights)('%s: reads %s, writes %s', async (role, mayRead, mayWrite) => {
    for (const document of reads) {
      const { errors } = await lab.graph.ask(document, {}, role);
      expect(errors?.[0]?.message ?? '').toMatch(mayRead ? /^$/ : /may not alert:read/);
    }
    for (const [document, variables] of writes) {
      const { errors } = await lab.graph.ask(document, variables, role);
      expect(errors?.[0]?.message ?? '').toMatch(mayWrite ? /^$/ : /may not alert:write/);
    }
  });

  it('keep the alerts about a customer from a role that may not read alerts', async () => {
    const { errors } = await lab.graph.ask(
      `{ user(id: "User:1") { alerts { nodes { id } } } }`,
      {},
      'CRM',
    );
    expect(errors?.[0]?.message).toContain('may not alert:read');
  });
});
