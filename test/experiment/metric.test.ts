import { describe, expect, it } from 'vitest';
import { parseMetric } from '../../src/experiment/metric.js';

describe('metrics of experiments', () => {
  it.each([
    ['share:purchase', { kind: 'share', type: 'purchase' }],
    ['count:Add to Cart', { kind: 'count', type: 'Add to Cart' }],
    ['sum:订单', { kind: 'sum', type: '订单' }],
    ['mean:shop:order/paid', { kind: 'mean', type: 'shop:order/paid' }],
    ['model:auc', { kind: 'model', name: 'auc' }],
    ['model:accuracy', { kind: 'model', name: 'accuracy' }],
  ])('reads %s', (text, metric) => {
    expect(parseMetric(text)).toEqual(metric);
  });

  it.each([
    ...[
      '',
      ':',
      'share',
      'share:',
      'share: purchase',
      'share:1st',
      'share:purchase ',
      'SHARE:purchase',
    ],
    ...['median:purchase', 'model:', 'model:AUC', 'model:r2', 'model:purchase', ' share:purchase'],
    ...[`share:${'a'.repeat(65)}`, 'share:a\u0000', 'conversion', '__proto__:x', 'constructor:x'],
  ])('refuses %j', (text) => {
    expect(parseMetric(text)).toBeNull();
  });
});
