import { describe, expect, it } from 'vitest';
import { planMove, rollBackTarget, type ModelStage } from '../../src/model/model.js';
import { parseModelSpec } from '../../src/model/model-spec.js';
import { withoutColumns } from '../../src/model/model-inputs.js';
import { constantFeatures } from '../../src/model/train/check-input.js';
import { costReport } from '../../src/model/cost-report.js';
import { churnSpec } from '../support/demo-shop.js';

const version = (id: string, stage: ModelStage, promotedDay: number | null = null) => ({
  id,
  version: Number(id),
  stage,
  promotedAt: promotedDay === null ? null : new Date(Date.UTC(2026, 0, promotedDay)),
});

describe('moving a version', () => {
  it.each([
    ['CANDIDATE', 'PRODUCTION', 'PRODUCTION -> ARCHIVED, CANDIDATE -> PRODUCTION'],
    ['CANDIDATE', 'SHADOW', 'SHADOW -> CANDIDATE, CANDIDATE -> SHADOW'],
    ['CANDIDATE', 'ARCHIVED', 'CANDIDATE -> ARCHIVED'],
    ['CANDIDATE', 'CANDIDATE', 'refused'],
    ['SHADOW', 'PRODUCTION', 'PRODUCTION -> ARCHIVED, SHADOW -> PRODUCTION'],
    ['SHADOW', 'CANDIDATE', 'SHADOW -> CANDIDATE'],
    ['PRODUCTION', 'ARCHIVED', 'refused'],
    ['PRODUCTION', 'CANDIDATE', 'refused'],
    ['PRODUCTION', 'PRODUCTION', 'refused'],
    ['ARCHIVED', 'PRODUCTION', 'PRODUCTION -> ARCHIVED, ARCHIVED -> PRODUCTION'],
    ['ARCHIVED', 'CANDIDATE', 'ARCHIVED -> CANDIDATE'],
  ] as const)('%s to %s: %s', (from, to, expected) => {
    const all = [
      version('1', 'PRODUCTION'),
      version('2', 'SHADOW'),
      version('3', 'ARCHIVED'),
      version('4', 'CANDIDATE'),
    ];
    const target = all.find((each) => each.stage === from)!;
    const { changes, error } = planMove(all, target, to);
    const text = error
      ? 'refused'
      : changes
          .map((change) => `${all.find((each) => each.id === change.id)!.stage} -> ${change.stage}`)
          .join(', ');
    expect(text).toBe(expected);
  });
});

describe('rolling back', () => {
  it('goes to the version that was in production before', () => {
    const all = [
      version('1', 'ARCHIVED', 1),
      version('2', 'ARCHIVED', 2),
      version('3', 'PRODUCTION', 3),
    ];
    expect(rollBackTarget(all)?.id).toBe('2');
  });
  it('skips what was itself rolled back, and candidates that never answered', () => {
    const all = [
      version('1', 'ARCHIVED', 1),
      version('2', 'ARCHIVED'),
      version('3', 'CANDIDATE'),
      version('4', 'PRODUCTION', 4),
    ];
    expect(rollBackTarget(all)?.id).toBe('1');
  });
  it('has nowhere to go from the first', () => {
    expect(rollBackTarget([version('1', 'PRODUCTION', 1), version('2', 'CANDIDATE')])).toBeNull();
  });
});

describe('the spec', () => {
  it('is refused with every field that is wrong', () => {
    const bad = { ...churnSpec(), trials: 0, riskBands: { medium: 0.5, high: 0.4, critical: 0.9 } };
    expect(() => parseModelSpec(bad, 'spec.json')).toThrow(
      /trials[\s\S]*risk bands must rise|risk bands must rise[\s\S]*trials/,
    );
  });
});

describe('columns of a training table', () => {
  const table = {
    rows: 3,
    numericNames: ['same', 'none', 'some', 'varies'],
    numeric: Float32Array.from([1, NaN, 1, 1, 1, NaN, NaN, 2, 1, NaN, 1, 3]),
    categoricalNames: ['empty', 'kind'],
    categorical: ['', 'a', '', 'b', '', 'a'],
  };
  it('that cannot tell rows apart are found; one that is sometimes missing can', () => {
    expect(constantFeatures(table, [0, 1, 2])).toEqual([
      { feature: 'same', reason: 'CONSTANT' },
      { feature: 'none', reason: 'ALL_MISSING' },
      { feature: 'empty', reason: 'ALL_MISSING' },
    ]);
  });
  it('are left out by name', () => {
    const left = withoutColumns(table, new Set(['same', 'none', 'some', 'empty', 'absent']));
    expect(left.numericNames).toEqual(['varies']);
    expect([...left.numeric]).toEqual([1, 2, 3]);
    expect(left.categoricalNames).toEqual(['kind']);
    expect(left.categorical).toEqual(['a', 'b', 'a']);
  });
});

describe('cost', () => {
  it('sums the matrix over the test part and finds the cheapest threshold', () => {
    const report = {
      confusionMatrix: {
        truePositives: 8,
        falsePositives: 5,
        falseNegatives: 2,
        trueNegatives: 15,
      },
      rocCurve: [
        { x: 0, y: 0, threshold: 1 },
        { x: 0.25, y: 0.8, threshold: 0.5 },
        { x: 1, y: 1, threshold: 0 },
      ],
    };
    const costs = {
      truePositive: 0,
      falsePositive: 10,
      falseNegative: 100,
      trueNegative: 0,
      savedPerTruePositive: 0,
    };
    expect(costReport(report, costs)).toEqual({
      totalCost: 250,
      costPerPrediction: 250 / 30,
      preventedLoss: 0,
      returnOnInvestment: -1,
      bestThreshold: 0,
    });
    expect(costReport(report, { ...costs, falsePositive: 1000 })?.bestThreshold).toBe(1);
  });
});
