import { describe, expect, it } from 'vitest';
import { membershipReasonText } from '../../../src/segment/live/membership-reason-text.js';

const reason = {
  ...{ feature: 'purchase_sum', contribution: 0.3, number: 229.6699981689453, category: null },
  ...{ here: { mean: 424.85679 }, there: { mean: 1647.216 }, insteadOf: 'Loyal big spenders' },
};

describe('the sentence of a reason of a membership', () => {
  it.each([
    [
      'a number that speaks for the segment',
      {},
      'purchase sum 230 (mean 425 here, 1,647 in Loyal big spenders) speaks for this segment',
    ],
    [
      'a number that speaks for the next',
      { contribution: -0.2, number: 0.123456 },
      'purchase sum 0.123 (mean 425 here, 1,647 in Loyal big spenders) speaks for Loyal big spenders',
    ],
    ['a number without facts', { here: null }, 'purchase sum 230 speaks for this segment'],
    ['a missing value', { number: null }, 'purchase sum is unknown and speaks for this segment'],
    [
      'a category',
      { feature: 'gender', number: null, category: 'female', here: null, there: null },
      'gender female speaks for this segment',
    ],
  ])('%s', (_, given, text) => {
    expect(membershipReasonText({ ...reason, ...given })).toBe(text);
  });
});
