import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertRule, AlertSnapshot, MetricReading } from '../../src/alert/alert.js';
import { evaluateAlerts, type EvaluateAlertsDeps } from '../../src/alert/evaluate-alerts.js';
import { manualClock } from '../../src/kernel/clock.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import { readFeed } from '../../src/plant/feed-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { alertLab, type AlertLab } from './alert-lab.js';

const START = new Date('2026-06-01T10:00:00Z');
const clock = manualClock(START);
let database: TestDatabase;
let lab: AlertLab;
/** What the metrics of these tests say; an Error: it cannot be read. */
let measured: Record<string, MetricReading[] | Error> = {};

beforeAll(async () => {
  database = await testDatabase();
  lab = alertLab(database.db, clock);
  evaluate = evaluator();
  await lab.addUsers([1, 2, 3, 4]);
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock.set(START);
  measured = {};
  await lab.clear();
});

const evaluator = (change: Partial<EvaluateAlertsDeps> = {}) =>
  evaluateAlerts({
    rules: lab.work.rules.list,
    readMetric: (name) => {
      const said = measured[name] ?? [];
      return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
    },
    claimTick: lab.work.changes.claimTick,
    change: lab.work.changes.change,
    onChanged: () => undefined,
    onUnreadable: () => undefined,
    newId: () => uuidv7(clock.wall()),
    wall: () => clock.wall(),
    ...change,
  });
let evaluate: ReturnType<typeof evaluator>;

/** One look after so many seconds. */
const tick = (seconds = 15): ReturnType<typeof evaluate> => {
  clock.advance(seconds * 1_000);
  return evaluate();
};
const say = (value: number | null, labels: Record<string, string> = { model: 'churn' }): void => {
  measured['error_rate'] = value === null ? [] : [{ labels, value }];
};
const addRule = async (change: Partial<AlertRule> = {}): Promise<AlertRule> => {
  const rule: AlertRule = {
    ...{ id: uuidv7(clock.wall()), name: 'errors', description: '', metric: 'error_rate' },
    ...{ labels: {}, comparison: 'GT', threshold: 0.05, forSeconds: 0, keepFiringSeconds: 60 },
    ...{ severity: 'HIGH', channels: [], enabled: true, createdBy: 'me', deletedAt: null },
    ...{ createdAt: clock.wall(), updatedAt: clock.wall(), ...change },
  };
  await lab.work.changes.change((transaction) => transaction.rules.insert(rule));
  return rule;
};
const statuses = async (): Promise<string[]> => (await lab.alerts()).map(({ status }) => status);
const told = async (): Promise<AlertSnapshot[]> =>
  (await readFeed(database.db, 'alert', 0, 1_000)).map(({ payload }) => payload as AlertSnapshot);
const deliveries = (): Promise<{ channel: string; status: string; revision: number }[]> =>
  database.db.query(
    `select channel, snapshot->>'status' as status, revision from alert_delivery order by revision, channel`,
  );

describe('an incident', () => {
  it('is one alert over 20 looks, told as FIRING once and as RESOLVED once', async () => {
    await addRule({ forSeconds: 60, channels: ['ops', 'night'] });
    say(0.2);
    for (let i = 0; i < 20; i += 1) await tick();
    expect(await statuses()).toEqual(['FIRING']);
    say(0);
    for (let i = 0; i < 20; i += 1) await tick();
    expect(await statuses()).toEqual(['RESOLVED']);
    const changes = await told();
    expect(changes.map(({ status, revision }) => [status, revision])).toEqual([
      ['FIRING', 1],
      ['RESOLVED', 2],
    ]);
    expect(changes[0]).toMatchObject({
      ...{ rule: 'errors', metric: 'error_rate', value: 0.2, threshold: 0.05, comparison: 'GT' },
      ...{ severity: 'HIGH', labels: { model: 'churn' }, resolvedAt: null },
      summary: 'errors: error_rate of model churn is 0.2, above 0.05 for 60 s',
      startedAt: '2026-06-01T10:00:15.000Z',
      firedAt: '2026-06-01T10:01:15.000Z',
    });
    expect(changes[1]).toMatchObject({ value: 0, summary: changes[0]?.summary });
    expect(await deliveries()).toEqual([
      { channel: 'night', status: 'FIRING', revision: 1 },
      { channel: 'ops', status: 'FIRING', revision: 1 },
      { channel: 'night', status: 'RESOLVED', revision: 2 },
      { channel: 'ops', status: 'RESOLVED', revision: 2 },
    ]);
    const { alerts } = await lab.ask('{ alerts { nodes { timeline { at action actor } } } }');
    expect(alerts.nodes[0].timeline.map(({ action }: { action: string }) => action)).toEqual([
      'resolved',
      'fired',
    ]);
  });

  it('that flaps stays one alert, and one that begins again later is another with the same key', async () => {
    await addRule();
    for (let i = 0; i < 20; i += 1) {
      say(i % 3 === 0 ? 0.2 : 0);
      await tick();
    }
    expect(await told()).toHaveLength(1);
    say(0);
    await tick(60);
    say(0.3);
    await tick();
    expect(await statuses()).toEqual(['FIRING', 'RESOLVED']);
    const [again, first] = await told().then((all) => [all[2], all[0]]);
    expect(again?.dedupKey).toBe(first?.dedupKey);
    expect(again?.id).not.toBe(first?.id);
  });

  it('that ends before it fired leaves nothing', async () => {
    await addRule({ forSeconds: 60 });
    say(0.2);
    await tick();
    expect(await statuses()).toEqual(['PENDING']);
    say(0);
    await tick();
    expect(await statuses()).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it('without a value any more neither fires nor is over for 5 minutes, then it is over', async () => {
    await addRule();
    say(0.2);
    await tick();
    say(null);
    await tick(285);
    expect(await statuses()).toEqual(['FIRING']);
    await tick(15);
    expect(await statuses()).toEqual(['RESOLVED']);
  });

  it('is one of its series: other labels have their own, and a rule sees only what it names', async () => {
    await addRule();
    await addRule({ name: 'only vip', labels: { model: 'vip' } });
    measured['error_rate'] = ['churn', 'vip', 'calm'].map((model) => ({
      labels: { model },
      value: model === 'calm' ? 0 : 0.5,
    }));
    await tick();
    const alerts = await lab.alerts();
    expect(
      alerts.map(({ rule, labels }) => `${rule.name} ${labels['model'] ?? ''}`).sort(),
    ).toEqual(['errors churn', 'errors vip', 'only vip vip']);
  });

  it('knows the customers it is about, those who came later and none who is erased', async () => {
    await addRule({ metric: 'risk_crossings', threshold: 0, labels: { level: 'CRITICAL' } });
    const labels = { model: 'churn', level: 'CRITICAL' };
    measured['risk_crossings'] = [{ labels, value: 2, userIds: [1, 2] }];
    await tick();
    measured['risk_crossings'] = [{ labels, value: 2, userIds: [2, 3, 999] }];
    await tick();
    const { alerts, user } = await lab.ask(`{
      alerts { nodes { affectedUsers { totalCount nodes { externalId } } } }
      user(externalId: "u3") { alerts { nodes { status } } }
    }`);
    const { totalCount, nodes } = alerts.nodes[0].affectedUsers;
    expect(totalCount).toBe(3);
    expect(nodes).toEqual([{ externalId: 'u1' }, { externalId: 'u2' }, { externalId: 'u3' }]);
    expect(user.alerts.nodes).toEqual([{ status: 'FIRING' }]);
  });
});

describe('rules', () => {
  it('that are disabled or deleted end their alerts', async () => {
    const [disabled, deleted] = [
      await addRule(),
      await addRule({ name: 'gone', channels: ['ops'] }),
    ];
    say(0.2);
    await tick();
    await database.db.query('update alert_rule set enabled = false where id = $1', [disabled.id]);
    await database.db.query('update alert_rule set deleted_at = now() where id = $1', [deleted.id]);
    await tick();
    expect(await statuses()).toEqual(['RESOLVED', 'RESOLVED']);
    expect((await deliveries()).map(({ status }) => status)).toEqual(['FIRING', 'RESOLVED']);
    await tick();
    expect(await told()).toHaveLength(4);
  });

  it('go on when the metric of another cannot be read, and that is itself a metric', async () => {
    await addRule();
    await addRule({ name: 'latency', metric: 'latency_seconds' });
    await addRule({ name: 'blind', metric: 'evaluation_failed', threshold: 0 });
    say(0.2);
    measured['latency_seconds'] = [{ labels: { model: 'churn' }, value: 2 }];
    await tick();
    expect(await statuses()).toHaveLength(2);
    measured['latency_seconds'] = new Error('broken');
    const unreadable: string[] = [];
    clock.advance(15_000);
    const said = await evaluator({ onUnreadable: (name) => unreadable.push(name) })();
    expect([said?.unreadable, unreadable]).toEqual([['latency_seconds'], ['latency_seconds']]);
    const blind = (await lab.alerts()).find(({ rule }) => rule.name === 'blind');
    expect(blind).toMatchObject({ status: 'FIRING', labels: { metric: 'latency_seconds' } });
    // what is not known ends nothing, however long it lasts
    await tick(900);
    expect((await lab.alerts()).filter(({ status }) => status !== 'FIRING')).toEqual([]);
  });
});

describe('a look', () => {
  it('happens once an interval, whoever asks: two evaluators, 50 looks, nothing twice', async () => {
    await addRule({ channels: ['ops'] });
    const another = evaluator();
    let done = 0;
    for (let i = 0; i < 50; i += 1) {
      // fires and ends every ten looks
      say(i % 10 < 4 ? 0.2 : 0);
      clock.advance(15_000);
      const results = await Promise.all([evaluate(), another(), evaluate(), another()]);
      done += results.filter((result) => result !== null).length;
    }
    expect(done).toBe(50);
    const perAlert = new Map<string, string[]>();
    for (const { id, status } of await told())
      perAlert.set(id, [...(perAlert.get(id) ?? []), status]);
    expect(perAlert.size).toBe(5);
    for (const all of perAlert.values()) expect(all).toEqual(['FIRING', 'RESOLVED']);
    const open = await database.db.query(
      'select dedup_key from alert where resolved_at is null group by 1 having count(*) > 1',
    );
    expect(open).toEqual([]);
    expect(await deliveries()).toHaveLength(10);
  });

  it('is left out for no tick that comes early: 15 s, 14.9 s and 15.1 s after the one before', async () => {
    for (const seconds of [15, 14.9, 15.1, 15, 14.9]) {
      expect(await tick(seconds)).not.toBeNull();
      expect(await tick(1)).toBeNull();
      clock.advance(-1_000);
    }
  });

  it('that is overtaken by a later one while it reads writes nothing', async () => {
    await addRule();
    say(0.2);
    let overtaken = false;
    const slow = evaluator({
      readMetric: async () => {
        if (!overtaken) {
          overtaken = true;
          await tick(15);
        }
        return measured['error_rate'] as MetricReading[];
      },
    });
    clock.advance(15_000);
    expect(await slow()).toBeNull();
    expect(await told()).toHaveLength(1);
  });

  it('is not made twice nor left out for long when the clock goes 10 minutes back', async () => {
    await addRule({ forSeconds: 60 });
    say(0.2);
    for (let i = 0; i < 6; i += 1) await tick();
    expect(await statuses()).toEqual(['FIRING']);
    clock.advance(-600_000);
    expect(await evaluate()).toBeNull();
    expect(await evaluate()).toBeNull();
    expect(await tick(15)).not.toBeNull();
    expect(await evaluate()).toBeNull();
    for (let i = 0; i < 10; i += 1) expect(await tick()).not.toBeNull();
    expect(await told()).toHaveLength(1);
    // and back again
    clock.advance(600_000);
    for (let i = 0; i < 3; i += 1) expect(await tick()).not.toBeNull();
    expect(await told()).toHaveLength(1);
    expect(await statuses()).toEqual(['FIRING']);
    say(0);
    await tick();
    await tick(60);
    expect(await statuses()).toEqual(['RESOLVED']);
  });

  it('that fails while it writes leaves nothing half written, and the next does it', async () => {
    await addRule({ channels: ['ops'] });
    say(0.2);
    await database.db.query('alter table alert_delivery rename to away');
    clock.advance(15_000);
    await expect(evaluate()).rejects.toThrow('alert_delivery');
    await database.db.query('alter table away rename to alert_delivery');
    expect(await statuses()).toEqual([]);
    expect(
      await lab.audit.page({
        subject: null,
        actor: 'alerts',
        action: null,
        since: null,
        after: null,
        limit: 9,
      }),
    ).toEqual([]);
    await tick();
    expect([await statuses(), (await told()).length, (await deliveries()).length]).toEqual([
      ['FIRING'],
      1,
      1,
    ]);
  });

  it('tells who follows the log of changes after the commit, and only when something changed', async () => {
    await lab.room.seedRules();
    lab.published.length = 0;
    await lab.work.evaluate();
    expect(lab.published).toEqual([]);
    await lab.serve({ requests: 10, errors: 10 });
    await lab.pass(330, () => lab.serve({ requests: 10, errors: 10 }), 30);
    expect(new Set(lab.published)).toEqual(new Set(['feed:alert']));
  });
});
