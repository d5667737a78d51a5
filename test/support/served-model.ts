import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { ScoreCard } from '../../src/model/score-card/score-card.js';
import type { ServedModel } from '../../src/model/serving.js';
import type { FallbackSpec } from '../../src/model/spec-parts.js';
import { churnSpec } from './demo-shop.js';

/** A version that no database knows, with just what answering needs. */
export function servedModel(parts: {
  numeric: readonly string[];
  categorical: readonly string[];
  rules?: FallbackSpec['rules'];
  scoreCard?: ScoreCard | null;
  sha256?: string;
  id?: string;
}): ServedModel {
  const at = new Date('2026-01-01T00:00:00Z');
  const { numeric, categorical, rules = [], scoreCard = null } = parts;
  const id = parts.id ?? '01900000-0000-7000-8000-000000000002';
  const modelId = '01900000-0000-7000-8000-000000000001';
  const feature = (name: string, type: FeatureDefinition['type']): FeatureDefinition =>
    ({
      id: `feature-${name}`,
      name,
      version: 1,
      type,
      description: name,
      unit: null,
      status: 'APPROVED',
      source: 'DECLARED',
      tags: [],
      owner: 'test',
      definition: { kind: 'attribute', attribute: name },
      createdAt: at,
      updatedAt: at,
    }) as unknown as FeatureDefinition;
  return {
    model: {
      id: modelId,
      name: 'churn',
      task: 'BINARY_CLASSIFICATION',
      description: 'test',
      spec: churnSpec({ fallback: { maxFeatures: 6, bins: 5, rules } }),
      createdAt: at,
    },
    version: {
      id,
      modelId,
      version: 1,
      stage: 'PRODUCTION',
      algorithm: 'boosting',
      hyperparameters: {},
      seed: 1,
      featureNames: [...numeric, ...categorical],
      threshold: 0.5,
      trainingRows: 100,
      testRows: 20,
      dataFrom: null,
      dataUntil: null,
      dataHash: '',
      report: reportWith(scoreCard),
      artifactSha256: parts.sha256 ?? 'sha',
      trainedAt: at,
      promotedBy: null,
      promotedAt: null,
      jobId: null,
    },
    inputs: { numericNames: numeric, categoricalNames: categorical },
    features: [
      ...numeric.map((name) => feature(name, 'NUMERICAL')),
      ...categorical.map((name) => feature(name, 'CATEGORICAL')),
    ],
    threshold: 0.5,
  };
}

/** The record of a training that tells nothing, with the card. */
export function reportWith(scoreCard: ScoreCard | null): Record<string, unknown> {
  return {
    metrics: [],
    confusionMatrix: null,
    rocCurve: [],
    precisionRecallCurve: [],
    calibrationCurve: [],
    importances: [],
    trials: [],
    baseline: [],
    targets: [],
    ignoredFeatures: [],
    seconds: 1,
    recipe: {
      label: 'BEHAVIOUR',
      asOf: '2026-01-01T00:00:00Z',
      horizonDays: 30,
      algorithms: ['boosting'],
      trials: 1,
      folds: 2,
      seed: 1,
      selectionMetric: 'logLoss',
      features: [],
    },
    parity: { rows: 1, worstDifference: 0 },
    scoreCard,
  };
}
