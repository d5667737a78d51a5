import { describe, expect, it } from 'vitest';
import { endedBy } from '../../src/alert/alert-change.js';
import type { Alert, AlertRule } from '../../src/alert/alert.js';

const NOW = new Date('2026-06-01T12:00:00Z');
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000);

const rule = { id: 'rule', name: 'errors' } as AlertRule;
const alert = (change: Partial<Alert>): Alert =>
  ({
    id: 'alert',
    ruleId: 'rule',
    status: 'FIRING',
    silencedUntil: null,
    revision: 3,
    ...change,
  }) as Alert;
const by = { actor: 'ann', because: 'the rule was disabled' };

describe('an alert whose rule is not looked at any more', () => {
  it.each<[string, Partial<Alert>, boolean]>([
    ['is told to its channels', {}, true],
    ['is told to its channels though somebody had seen it', { status: 'ACKNOWLEDGED' }, true],
    ['is not told while it is silenced', { status: 'SILENCED', silencedUntil: later(1) }, false],
    ['is told when the silence is over', { status: 'SILENCED', silencedUntil: NOW }, true],
  ])('%s', (_what, change, deliver) => {
    const ended = endedBy(alert(change), rule, by, NOW);
    expect(ended).toMatchObject({
      alert: { status: 'RESOLVED', resolvedAt: NOW, revision: 4 },
      told: { actor: 'ann', action: 'resolved', detail: { because: 'the rule was disabled' } },
      deliver,
    });
  });

  it('is gone without a word while it was pending', () => {
    expect(endedBy(alert({ status: 'PENDING' }), rule, by, NOW)).toMatchObject({
      ...{ alert: null, told: null, deliver: false },
    });
  });
});
