import { personasOf } from '../../../src/segment/persona/persona-rules.js';
import type { SegmentFacts } from '../../../src/segment/persona/describe-segments.js';
import type { SegmentReport } from '../../../src/segment/segment.js';
import type { PersonaDimensions } from '../../../src/segment/segmentation-spec.js';
import type { SegmentationReport } from '../../../src/segment/segmentation.js';

/** The report of a version with these segments, keyed a, b, …. */
export function reportOf(
  segments: readonly SegmentFacts[],
  dimensions: PersonaDimensions,
): SegmentationReport {
  const personas = personasOf(segments, dimensions);
  return {
    rows: segments.reduce((sum, { size }) => sum + size, 0),
    k: segments.length,
    candidates: [],
    chosenBecause: 'silhouette 0.41 is the highest | of <12> candidates',
    choose: 'silhouette',
    stability: { runs: 10, sampleShare: 0.8, mean: 0.93, standardDeviation: 0.02 },
    featureImportance: [],
    explainedVariance: [0.6, 0.2],
    diversity: 0.66,
    external: null,
    identity: [{ kind: 'SPLIT', from: ['z'], to: ['a', 'b'], text: 'z became a and b' }],
    segments: segments.map((facts, i): SegmentReport => ({
      ...facts,
      key: String.fromCharCode(97 + i),
      persona: personas[i]!,
      center: [],
    })),
    treatments: ['0.5 % cut off at either end'],
    recipe: {
      asOf: '2026-07-01T00:00:00.000Z',
      seed: 1,
      algorithms: ['kmeans'],
      minK: 3,
      maxK: 5,
      features: ['purchase_sum@1'],
      spec: { persona: dimensions },
    },
    parity: { rows: 10, worstDifference: 0 },
    seconds: 1,
  };
}
