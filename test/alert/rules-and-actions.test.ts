import { describe, expect, it } from 'vitest';
import { actOnAlerts } from '../../src/alert/act-on-alerts.js';
import type { AlertChange } from '../../src/alert/alert-change.js';
import type { AlertAction } from '../../src/alert/alert-state.js';
import type { Alert, AlertRule } from '../../src/alert/alert.js';
import { MAX_RULES, type RuleWish } from '../../src/alert/check-alert-rule.js';
import { evaluateAlerts, metricReader } from '../../src/alert/evaluate-alerts.js';
import { writeAlertRules } from '../../src/alert/write-alert-rules.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const ID = '01900000-0000-7000-8000-000000000001';
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000);

const wish: RuleWish = {
  ...{ name: 'errors', description: 'Too many.', metric: 'error_rate', labels: null },
  ...{ comparison: 'GT', threshold: 0.05, forSeconds: 0, keepFiringSeconds: 0 },
  ...{ severity: 'HIGH', channels: null, enabled: true },
};
const rule: AlertRule = {
  ...{ ...wish, description: 'Too many.', labels: {}, channels: [], enabled: true },
  ...{ forSeconds: 0, keepFiringSeconds: 0, id: ID, createdAt: NOW, createdBy: 'ann' },
  ...{ updatedAt: NOW, deletedAt: null },
};
const firing = {
  ...{ id: ID, ruleId: ID, dedupKey: 'errors', status: 'FIRING', severity: 'HIGH', revision: 1 },
  ...{ labels: {}, startedAt: NOW, firedAt: NOW, heldAt: NOW, silencedUntil: null },
  ...{ acknowledgedAt: null, acknowledgedBy: null, resolvedAt: null },
} as unknown as Alert;

/** Collects what would be written. */
function written() {
  const changes: AlertChange[] = [];
  const apply = (made: readonly AlertChange[]) => {
    changes.push(...made);
    return Promise.resolve({ told: made.length, deliveries: 0 });
  };
  return { changes, apply };
}

describe('what a person does to an alert is told to its channels', () => {
  it.each<[string, Partial<Alert>, AlertAction, boolean]>([
    ['when it is acknowledged', {}, { kind: 'ACKNOWLEDGE', actor: 'ann' }, true],
    ['when it is ended', {}, { kind: 'RESOLVE' }, true],
    ['but not when it is silenced', {}, { kind: 'SILENCE', until: later(60) }, false],
    [
      'but not while it is silent',
      { status: 'SILENCED', silencedUntil: later(60) },
      { kind: 'RESOLVE' },
      false,
    ],
    [
      'and again when the silence is over',
      { status: 'SILENCED', silencedUntil: NOW },
      { kind: 'RESOLVE' },
      true,
    ],
  ])('%s', async (_what, change, action, deliver) => {
    const { changes, apply } = written();
    const act = actOnAlerts({
      change: (work) =>
        work({
          byId: () => Promise.resolve({ ...firing, ...change }),
          rules: { byIds: () => Promise.resolve([rule]) },
          apply,
        }),
      onChanged: () => undefined,
      wall: () => NOW,
    });
    expect((await act(ID, action, { actor: 'ann', comment: null })).errors).toEqual([]);
    expect(changes.map((made) => made.deliver)).toEqual([deliver]);
  });
});

describe('rules', () => {
  function writing(held: readonly AlertRule[]) {
    const { changes, apply } = written();
    const deps = {
      change: <T>(work: (transaction: never) => Promise<T>) =>
        work({
          rules: {
            list: () => Promise.resolve(held),
            insert: () => Promise.resolve(true),
            update: () => Promise.resolve(true),
          },
          open: () => Promise.resolve([firing]),
          audit: () => Promise.resolve(),
          apply,
        } as never),
      seed: () => Promise.resolve([]),
      channelNames: () => [],
      onChanged: () => undefined,
      newId: () => ID,
      wall: () => NOW,
    };
    return { changes, rules: writeAlertRules(deps) };
  }

  it('are refused beyond the most there can be', async () => {
    const all = Array.from({ length: MAX_RULES }, () => rule);
    const refused = await writing(all).rules.create(wish, 'ann');
    expect(refused.errors).toMatchObject([{ code: 'TOO_LARGE' }]);
    expect((await writing(all.slice(1)).rules.create(wish, 'ann')).errors).toEqual([]);
  });

  it.each<[string, Partial<RuleWish>, boolean]>([
    ['end their alerts when they look at another metric', { metric: 'fallback_rate' }, true],
    ['end their alerts when they look at other series', { labels: { model: 'churn' } }, true],
    ['end their alerts when they are disabled', { enabled: false }, true],
    ['keep their alerts when the threshold moves', { threshold: 0.1 }, false],
  ])('%s', async (_what, change, ends) => {
    const { changes, rules } = writing([rule]);
    expect((await rules.update(ID, { ...wish, ...change }, 'ann')).errors).toEqual([]);
    expect(changes.map(({ alert }) => alert?.status)).toEqual(ends ? ['RESOLVED'] : []);
  });
});

describe('a look', () => {
  it('ends alerts of rules that are disabled or on a metric that there is not any more, and reads neither', async () => {
    const { changes, apply } = written();
    const rules = [
      { ...rule, enabled: false },
      { ...rule, id: 'b', metric: 'a_metric_of_old' },
    ];
    const read: string[] = [];
    const look = evaluateAlerts({
      rules: () => Promise.resolve(rules),
      readMetric: (name) => {
        read.push(name);
        return Promise.reject(new Error('no such metric'));
      },
      claimTick: () => Promise.resolve(true),
      change: (work) =>
        work({
          rules: {
            list: () => Promise.resolve(rules),
            byIds: (ids) =>
              Promise.resolve(ids.map((id) => rules.find((one) => one.id === id) ?? null)),
          },
          holdsTick: () => Promise.resolve(true),
          open: () => Promise.resolve([firing, { ...firing, id: 'c', ruleId: 'b' }]),
          apply,
        }),
      onChanged: () => undefined,
      onUnreadable: () => undefined,
      newId: () => ID,
      wall: () => NOW,
    });
    await look();
    expect(read).not.toContain('error_rate');
    expect(changes.map(({ alert }) => alert?.status)).toEqual(['RESOLVED', 'RESOLVED']);
  });
});

describe('a metric that moves slowly', () => {
  it('stands for its time, and is read again when it is over or the clock went back', async () => {
    let reads = 0;
    const read = metricReader({
      readers: { diversity: () => Promise.resolve([{ labels: {}, value: ++reads }]) },
    });
    const at = async (seconds: number) => (await read('diversity', later(seconds)))[0]?.value;
    expect(await at(0)).toBe(1);
    expect(await at(299)).toBe(1);
    expect(await at(300)).toBe(2);
    expect(await at(200)).toBe(3);
  });
});
