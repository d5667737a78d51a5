import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/alert/metric-catalogue.js';
import type { RoleName } from '../../src/graphql/context.js';
import { manualClock } from '../../src/kernel/clock.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import {
  ACK,
  alertQuestions,
  CREATE,
  DELETE,
  RESOLVE,
  SILENCE,
  UPDATE,
  wish,
} from './alert-questions.js';
import { alertLab, type AlertLab } from './alert-lab.js';

const START = new Date('2026-06-01T10:00:00Z');
const clock = manualClock(START);
let database: TestDatabase;
let lab: AlertLab;
let create: ReturnType<typeof alertQuestions>['create'];
let refused: ReturnType<typeof alertQuestions>['refused'];
let failJob: ReturnType<typeof alertQuestions>['failJob'];
let fire: ReturnType<typeof alertQuestions>['fire'];

beforeAll(async () => {
  database = await testDatabase();
  lab = alertLab(database.db, clock);
  ({ create, refused, failJob, fire } = alertQuestions(lab, database.db, clock));
  await lab.addUsers([1, 2, 3]);
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock.set(START);
  await lab.clear();
});

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
    [{ threshold: 5 }, ['input', 'threshold'], 'must be 0..1, as error_rate is (share), got 5'],
    [{ metric: 'volume', threshold: -1 }, ['input', 'threshold'], 'must be at least 0, as volume'],
    [{ metric: 'accuracy_fall', threshold: 1.1 }, ['input', 'threshold'], 'must be at most 1, as'],
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

describe('a rule that changes while its alert is open', () => {
  const change = async (more: object) => {
    const [rule] = await lab.work.rules.list();
    const input = {
      metric: 'jobs_failed',
      threshold: 0,
      labels: { kind: 'TRAIN' },
      name: 'failed',
    };
    await lab.ask(UPDATE, {
      id: `AlertRule:${rule?.id ?? ''}`,
      ...wish({ ...input, keepFiringSeconds: 0, channels: ['ops'], ...more }),
    });
  };
  const sent = () =>
    database.db.query(
      `select channel, revision, snapshot->>'status' as status, snapshot->>'severity' as severity
       from alert_delivery order by revision, channel`,
    );

  it('tells of a severity that rose or fell, once, and nobody while it is silent', async () => {
    const id = await fire({ severity: 'LOW', channels: ['ops'] });
    await change({ severity: 'CRITICAL' });
    await lab.pass(30);
    await lab.ask(SILENCE, { id, untilAt: new Date(clock.wall().getTime() + 60_000) });
    await change({ severity: 'MEDIUM' });
    await lab.pass(30);
    expect(await sent()).toEqual([
      { channel: 'ops', revision: 1, status: 'FIRING', severity: 'LOW' },
      { channel: 'ops', revision: 2, status: 'FIRING', severity: 'CRITICAL' },
    ]);
    const entries = await readFeed(database.db, 'alert', 0, 10);
    // who follows from CRITICAL on hears that it is not any more
    expect(entries.map(({ keys }) => keys['severity'])).toEqual([
      ...['LOW', 'CRITICAL', 'CRITICAL', 'CRITICAL'],
    ]);
    expect(entries[3]?.payload).toMatchObject({ severity: 'MEDIUM', status: 'SILENCED' });
    const { alert } = await lab.ask(
      `query ($id: ID!) { alert(id: $id) { severity revision timeline { action actor detail } } }`,
      { id },
    );
    expect(alert).toMatchObject({ severity: 'MEDIUM', revision: 4 });
    expect(alert.timeline[0]).toEqual({
      ...{ action: 'severity changed', actor: 'alerts' },
      detail: { status: 'SILENCED', severity: 'MEDIUM', before: 'CRITICAL' },
    });
  });

  it('tells of the end also where it was told before, and no channel of anything twice', async () => {
    await fire({ channels: ['ops', 'night'] });
    await change({ channels: ['ops'] });
    await database.db.query('delete from job');
    await lab.pass(30);
    expect((await sent()).slice(2)).toMatchObject([
      { channel: 'night', revision: 2, status: 'RESOLVED' },
      { channel: 'ops', revision: 2, status: 'RESOLVED' },
    ]);
  });
});

describe('metrics', () => {
  it('are listed with what can be asked of them, and read only when that is asked', async () => {
    await failJob('TRAIN', 2);
    await lab.serve({ requests: 4, errors: 1, seconds: 0.5 });
    await lab.useModel('churn', 120);
    await lab.useModel('tried by hand', 119);
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
