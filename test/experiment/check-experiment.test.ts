import { describe, expect, it } from 'vitest';
import {
  checkExperiment,
  INVALID_ID,
  type ExperimentDraft,
  type VariantDraft,
} from '../../src/experiment/check-experiment.js';

const VERSION = '01900000-0000-7000-8000-000000000002';
const variant = (key: string, change: Partial<VariantDraft> = {}): VariantDraft => ({
  ...{ key, weight: 1, control: false, modelVersionId: null, payload: {} },
  ...change,
});
const draft = (change: Partial<ExperimentDraft> = {}): ExperimentDraft => ({
  ...{ key: 'winback', hypothesis: 'An offer brings customers back.', model: null },
  ...{ variants: [variant('control'), variant('offer')], trafficShare: 1, holdoutShare: 0 },
  ...{ primaryMetric: 'share:purchase', guardrails: [], lowerIsBetter: [] },
  ...{ minimumUsers: 100, prePeriodDays: 28 },
  ...{ startsAt: new Date('2026-03-01T00:00:00Z'), endsAt: new Date('2026-04-01T00:00:00Z') },
  ...change,
});
const versions = (change: Partial<ExperimentDraft> = {}): ExperimentDraft =>
  draft({
    model: 'churn',
    variants: ['control', 'b'].map((key) => variant(key, { modelVersionId: VERSION })),
    ...change,
  });
const nested = (depth: number): Record<string, unknown> =>
  depth === 0 ? {} : { inner: nested(depth - 1) };

describe('an experiment that is asked for', () => {
  it.each<[string, ExperimentDraft]>([
    ['treatments', draft()],
    ['versions of a model, judged by it', versions({ primaryMetric: 'model:f1' })],
    [
      'arms named as a mail program names them',
      draft({ variants: [variant('No E-Mail'), variant('Mens E-Mail')] }),
    ],
    ['the smallest figures', draft({ trafficShare: 1e-9, minimumUsers: 10, prePeriodDays: 0 })],
    ['the largest figures', draft({ holdoutShare: 0.999, minimumUsers: 1e9, prePeriodDays: 365 })],
    ['20 arms', draft({ variants: Array.from({ length: 20 }, (_, i) => variant(`v${i}`)) })],
    [
      'less of a guardrail',
      draft({ guardrails: ['count:ticket'], lowerIsBetter: ['count:ticket'] }),
    ],
    [
      'a payload of 5 levels',
      draft({ variants: [variant('a'), variant('b', { payload: nested(4) })] }),
    ],
    [
      'a window that is past, of one that ran elsewhere',
      draft({ startsAt: new Date('2008-03-20'), endsAt: new Date('2008-04-03') }),
    ],
  ])('is good: %s', (_, given) => {
    expect(checkExperiment(given)).toEqual([]);
  });

  it.each<[string, ExperimentDraft, string, string]>([
    ['an empty key', draft({ key: '' }), 'key', 'got ""'],
    ['a key with a colon', draft({ key: 'a:b' }), 'key', 'got "a:b"'],
    ['a key of 65 characters', draft({ key: 'k'.repeat(65) }), 'key', 'up to 63'],
    ['an empty hypothesis', draft({ hypothesis: '  ' }), 'hypothesis', 'must not be empty'],
    [
      'a long hypothesis',
      draft({ hypothesis: 'h'.repeat(2001) }),
      'hypothesis',
      '1..2000 characters, got 2001',
    ],
    [
      'a hypothesis with U+0000',
      draft({ hypothesis: 'a\u0000' }),
      'hypothesis',
      'cannot be stored',
    ],
    ['one arm', draft({ variants: [variant('a')] }), 'variants', 'must be 2..20, got 1'],
    [
      '21 arms',
      draft({ variants: Array.from({ length: 21 }, (_, i) => variant(`v${i}`)) }),
      'variants',
      'got 21',
    ],
    [
      'two arms of one key',
      draft({ variants: [variant('a'), variant('a')] }),
      'variants.1.key',
      'another variant',
    ],
    [
      'an arm without a name',
      draft({ variants: [variant('a'), variant('')] }),
      'variants.1.key',
      'a letter',
    ],
    [
      'two controls',
      draft({ variants: [variant('a', { control: true }), variant('b', { control: true })] }),
      'variants',
      'exactly one variant is the control, got 2',
    ],
    [
      'a weight of 0',
      draft({ variants: [variant('a', { weight: 0 }), variant('b')] }),
      'variants.0.weight',
      'above 0 and at most 1000000, got 0',
    ],
    [
      'a weight below 0',
      draft({ variants: [variant('a'), variant('b', { weight: -1 })] }),
      'variants.1.weight',
      'got -1',
    ],
    [
      'a weight that is no number',
      draft({ variants: [variant('a'), variant('b', { weight: NaN })] }),
      'variants.1.weight',
      'got NaN',
    ],
    [
      'an endless weight',
      draft({ variants: [variant('a'), variant('b', { weight: Infinity })] }),
      'variants.1.weight',
      'got Infinity',
    ],
    [
      'a large payload',
      draft({ variants: [variant('a'), variant('b', { payload: { text: 'x'.repeat(9000) } })] }),
      'variants.1.payload',
      'at most 8192 bytes of JSON, got 9011',
    ],
    [
      'a deep payload',
      draft({ variants: [variant('a'), variant('b', { payload: nested(5) })] }),
      'variants.1.payload',
      'at most 5 deep',
    ],
    [
      'a payload with U+0000',
      draft({ variants: [variant('a'), variant('b', { payload: { a: '\u0000' } })] }),
      'variants.1.payload',
      'cannot be stored',
    ],
    [
      'a text that is no id of a version',
      versions({
        variants: [
          variant('a', { modelVersionId: VERSION }),
          variant('b', { modelVersionId: INVALID_ID }),
        ],
      }),
      'variants.1.modelVersion',
      'ModelVersion:<uuid>',
    ],
    [
      'versions of some arms',
      versions({ variants: [variant('a', { modelVersionId: VERSION }), variant('b')] }),
      'variants.1.modelVersion',
      'all arms are versions of the model, or none is',
    ],
    ['no traffic', draft({ trafficShare: 0 }), 'trafficShare', 'above 0 and at most 1, got 0'],
    ['traffic above 1', draft({ trafficShare: 1.01 }), 'trafficShare', 'got 1.01'],
    ['traffic that is no number', draft({ trafficShare: NaN }), 'trafficShare', 'got NaN'],
    ['everybody held out', draft({ holdoutShare: 1 }), 'holdoutShare', '0 to below 1, got 1'],
    ['a holdout below 0', draft({ holdoutShare: -0.1 }), 'holdoutShare', 'got -0.1'],
    [
      'too few customers an arm',
      draft({ minimumUsers: 9 }),
      'minimumUsers',
      '10..1000000000, got 9',
    ],
    ['too many days before', draft({ prePeriodDays: 366 }), 'prePeriodDays', '0..365, got 366'],
    ['an unknown metric', draft({ primaryMetric: 'revenue' }), 'primaryMetric', 'share:TYPE'],
    [
      'an unknown figure of a model',
      versions({ primaryMetric: 'model:r2' }),
      'primaryMetric',
      'model:accuracy, got "model:r2"',
    ],
    [
      'a model’s figure without a model',
      draft({ primaryMetric: 'model:f1' }),
      'primaryMetric',
      'needs arms that are versions',
    ],
    [
      'an unknown guardrail',
      draft({ guardrails: ['sum:purchase', 'x'] }),
      'guardrails.1',
      'got "x"',
    ],
    [
      'the primary metric as a guardrail',
      draft({ guardrails: ['share:purchase'] }),
      'guardrails.0',
      'or the primary metric',
    ],
    [
      '21 guardrails',
      draft({ guardrails: Array.from({ length: 21 }, (_, i) => `sum:a${i}`) }),
      'guardrails',
      'at most 20, got 21',
    ],
    [
      'less of what is not measured',
      draft({ lowerIsBetter: ['sum:ticket'] }),
      'lowerIsBetter.0',
      'got "sum:ticket"',
    ],
    [
      'a window of nothing',
      draft({ startsAt: new Date('2026-04-01T00:00:00Z') }),
      'startsAt',
      'before endsAt, got 2026-04-01T00:00:00.000Z and',
    ],
    ['a begin before 1970', draft({ startsAt: new Date(-1) }), 'startsAt', '1970..9999'],
    ['an end after 9999', draft({ endsAt: new Date(8.64e15) }), 'endsAt', '1970..9999'],
  ])('is refused for %s', (_, given, path, message) => {
    const problems = checkExperiment(given);
    expect(problems.map((problem) => problem.path.join('.'))).toEqual([`input.${path}`]);
    expect(problems[0]?.message).toContain(message);
  });

  it('hears of versions without the model, and of a model without versions, for every arm', () => {
    const paths = (given: ExperimentDraft): string[] =>
      checkExperiment(given).map((problem) => problem.path.join('.'));
    const arms = ['input.variants.0.modelVersion', 'input.variants.1.modelVersion'];
    expect(paths(versions({ model: null }))).toEqual(arms);
    expect(paths(draft({ model: 'churn' }))).toEqual(arms);
  });

  it('hears of all its problems at once', () => {
    const given = draft({
      ...{ key: '1', hypothesis: '', variants: [variant('a', { weight: 0 }), variant('a')] },
      ...{ trafficShare: 2, holdoutShare: 2, primaryMetric: 'x', minimumUsers: 1 },
      ...{ startsAt: new Date('2026-02-02T00:00:00Z'), endsAt: new Date('2026-02-01T00:00:00Z') },
    });
    expect(checkExperiment(given).map(({ path }) => path.slice(1).join('.'))).toEqual([
      ...['key', 'hypothesis', 'variants.0.weight', 'variants.1.key', 'trafficShare'],
      ...['holdoutShare', 'minimumUsers', 'primaryMetric', 'startsAt'],
    ]);
  });
});
