import { describe, expect, it } from 'vitest';
import { planTraining, type TrainingWish } from '../../src/model/request-training.js';
import { churnSpec } from '../support/demo-shop.js';

const spec = churnSpec();
const model = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'churn',
  task: spec.task,
  description: spec.description,
  spec,
  createdAt: new Date(0),
};
const nothing: TrainingWish = {
  asOf: null,
  horizonDays: null,
  label: null,
  algorithms: null,
  trials: null,
  seed: null,
  promote: 'NO',
};
const wall = new Date('2026-06-01T00:00:00.000Z');
/** A running clock's `now` lies just behind the events of this millisecond. */
const now = new Date(wall.getTime() + 1);

describe('planning a training', () => {
  it('takes what is left out from the spec, and ends the labels now', () => {
    const { input } = planTraining(model, nothing, now, wall);
    expect(input).toMatchObject({ model: 'churn', label: 'BEHAVIOUR', horizonDays: 30, seed: 1 });
    expect(input?.asOf).toBe('2026-05-02T00:00:00.001Z');
  });
  it('lets a clock that stands in the past learn from what came after it', () => {
    const past = new Date('1997-10-01T00:00:00.000Z');
    const wish = { ...nothing, asOf: past, horizonDays: 273 };
    expect(planTraining(model, wish, past, wall).input?.asOf).toBe(past.toISOString());
  });
  it('takes outcomes up to now', () => {
    expect(planTraining(model, { ...nothing, label: 'OUTCOMES' }, now, wall).input?.asOf).toBe(
      now.toISOString(),
    );
  });
  it.each([
    [{ asOf: new Date('2026-05-20T00:00:00Z') }, 'those labels are not known yet'],
    [
      { label: 'OUTCOMES' as const, asOf: new Date('2200-01-01T00:00:00Z') },
      'asOf must not be after 2026-06-01T00:00:00.001Z, got 2200-01-01T00:00:00.000Z',
    ],
    [{ horizonDays: 0 }, 'horizonDays must be a whole number 1..3650, got 0'],
    [{ horizonDays: 999_999 }, 'horizonDays must be a whole number 1..3650, got 999999'],
    [{ horizonDays: 2_147_483_647 }, 'horizonDays must be a whole number 1..3650, got 2147483647'],
    [
      { algorithms: ['svm'] },
      'algorithms must be one or more of logistic, boosting, forest, perceptron, isolation, got ["svm"]',
    ],
    [{ trials: 100_000 }, 'trials must be a whole number 1..200, got 100000'],
    [{ seed: -1 }, 'seed must be a whole number 0..4294967295, got -1'],
  ])('refuses %o', (change, message) => {
    const { input, error } = planTraining(model, { ...nothing, ...change }, now, wall);
    expect(input).toBeNull();
    expect(error?.code).toBe('INVALID');
    expect(error?.message).toContain(message);
  });
});
