import type { Experiment } from '../../../src/experiment/experiment.js';

/** An experiment of two arms, `control` and `treatment`, that is running in January 2026. */
export function madeExperiment(changes: Partial<Experiment> = {}): Experiment {
  const arm = { weight: 1, modelVersionId: null, payload: {} };
  return {
    id: '01900000-0000-7000-8000-000000000001',
    key: 'mail',
    hypothesis: 'A mail brings people back.',
    status: 'RUNNING',
    modelId: null,
    variants: [
      { ...arm, key: 'control', control: true },
      { ...arm, key: 'treatment', control: false },
    ],
    trafficShare: 1,
    holdoutShare: 0,
    primaryMetric: 'share:visit',
    guardrails: [],
    lowerIsBetter: [],
    minimumUsers: 100,
    prePeriodDays: 28,
    startsAt: new Date('2026-01-01'),
    endsAt: new Date('2026-02-01'),
    startedAt: new Date('2026-01-01'),
    stoppedAt: null,
    concludedAt: null,
    winner: null,
    createdAt: new Date('2025-12-31'),
    createdBy: 'ana',
    ...changes,
  };
}
