import { describe, expect, it } from 'vitest';
import type {
  FeatureDefinition,
  FeatureStatus,
  FeatureType,
} from '../../../src/feature/feature.js';
import type { Model } from '../../../src/model/model.js';
import { behaviourRule } from '../../../src/model/model-spec.js';
import { planSelection, type SelectionWish } from '../../../src/model/select/request-selection.js';
import { defaultSelectionThresholds, selectionMethods } from '../../../src/model/selection.js';
import { churnSpec } from '../../support/demo-shop.js';

const spec = churnSpec();
const model: Model = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'churn',
  task: 'BINARY_CLASSIFICATION',
  description: '',
  spec: { ...spec, features: { tags: null, include: null, exclude: ['leak'] } },
  createdAt: new Date(0),
};
const wall = new Date('2026-06-01T00:00:00.000Z');
const now = new Date(wall.getTime() + 1);
const nothing: SelectionWish = {
  ...{ asOf: null, horizonDays: null, label: null, seed: null },
  ...{ methods: null, candidates: null, statuses: null, thresholds: null },
};

function feature(
  name: string,
  version: number,
  status: FeatureStatus,
  type: FeatureType = 'NUMERICAL',
): FeatureDefinition {
  return {
    ...{ id: `${name}${version}`, name, version, status, type },
    ...{ description: '', businessMeaning: null, unit: null, owner: '', tags: [] },
    definition: { kind: 'attribute', name },
    ...{ createdAt: wall, updatedAt: wall, dependencies: [] },
  } as unknown as FeatureDefinition;
}

const registry = [
  feature('spend', 1, 'APPROVED'),
  feature('spend', 2, 'APPROVED'),
  feature('spend', 3, 'DRAFT'),
  feature('plan', 1, 'APPROVED', 'CATEGORICAL'),
  feature('note', 1, 'APPROVED', 'TEXT'),
  feature('leak', 1, 'APPROVED'),
  feature('idea', 1, 'DRAFT', 'BOOLEAN'),
  feature('gone', 1, 'ARCHIVED'),
];
const plan = (wish: Partial<SelectionWish>) =>
  planSelection(model, registry, { ...nothing, ...wish }, now, wall);

describe('planning a selection', () => {
  it('pins instant, label, seed, methods, thresholds and the newest approved versions that fit', () => {
    const { input } = plan({});
    expect(input).toMatchObject({ model: 'churn', label: 'BEHAVIOUR', seed: spec.seed });
    expect(input?.methods).toEqual(selectionMethods);
    expect(input?.candidates).toEqual(['spend@2', 'plan@1']);
    expect(input?.thresholds).toEqual(defaultSelectionThresholds);
    const horizonMs = behaviourRule(spec).horizonDays * 86_400_000;
    expect(input?.asOf).toBe(new Date(now.getTime() - horizonMs).toISOString());
  });

  it('takes drafts too when asked, and any version that is named', () => {
    expect(plan({ statuses: ['DRAFT'] }).input?.candidates).toEqual(['spend@3', 'idea@1']);
    expect(plan({ candidates: ['idea', 'leak', 'spend@1'] }).input?.candidates).toEqual([
      'idea@1',
      'leak@1',
      'spend@1',
    ]);
  });

  it('takes each method once, the cheap ones first, and steps that keep RFECV to about 40 fits a fold', () => {
    const methods = ['RFECV', 'ANOVA_F', 'RFECV'];
    expect(plan({ methods }).input?.methods).toEqual(['ANOVA_F', 'RFECV']);
    const many = Array.from({ length: 130 }, (_, k) => feature(`f${k}`, 1, 'APPROVED'));
    expect(planSelection(model, many, nothing, now, wall).input?.thresholds.rfecvStep).toBe(4);
  });

  it.each([
    [
      { thresholds: { correlation: 1.5 } },
      'correlation must be a number 0..1, got 1.5',
      'correlation',
    ],
    [{ thresholds: { anovaK: 0 } }, 'anovaK must be a whole number 1..500, got 0', 'anovaK'],
    [
      { thresholds: { mutualInformationK: 2.5 } },
      'mutualInformationK must be a whole',
      'mutualInformationK',
    ],
    [{ thresholds: { anovaP: -0.1 } }, 'anovaP must be a number 0..1, got -0.1', 'anovaP'],
    [{ thresholds: { chiSquareK: 501 } }, 'chiSquareK must be a whole number 1..500', 'chiSquareK'],
    [{ thresholds: { chiSquareP: 2 } }, 'chiSquareP must be a number 0..1, got 2', 'chiSquareP'],
    [{ thresholds: { importance: NaN } }, 'importance must be a number 0..1', 'importance'],
    [{ thresholds: { rfecvFolds: 1 } }, 'rfecvFolds must be a whole number 2..20', 'rfecvFolds'],
    [{ thresholds: { rfecvStep: 0 } }, 'rfecvStep must be a whole number 1..100', 'rfecvStep'],
    [{ thresholds: { redundancy: 7 } }, 'redundancy must be a number 0..1, got 7', 'redundancy'],
    [{ methods: ['VOODOO'] }, 'methods.0 must be some of CORRELATION', 'methods'],
    [{ methods: [] }, 'methods must be some of CORRELATION', 'methods'],
    [{ seed: -1 }, 'seed must be a whole number', 'seed'],
    [{ horizonDays: 0 }, 'horizonDays must be a whole number 1..3650, got 0', 'horizonDays'],
    [{ asOf: wall }, 'those labels are not known yet', 'asOf'],
    [{ candidates: [] }, 'candidates must be 1..500 names, got 0', 'candidates'],
    [{ candidates: ['spend', 'nope'] }, 'no feature is named nope', 'candidates'],
    [{ candidates: ['spend@9'] }, 'no feature is named spend@9', 'candidates'],
    [{ candidates: ['gone'] }, 'or it is archived', 'candidates'],
    [{ candidates: ['note'] }, 'CATEGORICAL, note is TEXT', 'candidates'],
    [{ candidates: ['spend', 'spend@1'] }, 'candidate spend is named twice', 'candidates'],
    [{ statuses: ['REVIEW' as const] }, 'no feature of status REVIEW fits', 'statuses'],
  ])('refuses %o and names the field', (wish, message, field) => {
    const { input, error } = plan(wish);
    expect(input).toBeNull();
    expect(error?.message).toContain(message);
    expect(error?.path[0]).toBe('input');
    expect(error?.path).toContain(field);
  });

  it('says which candidate of the list is wrong', () => {
    expect(plan({ candidates: ['spend', 'nope'] }).error).toMatchObject({
      code: 'NOT_FOUND',
      path: ['input', 'candidates', '1'],
    });
  });
});
