import { composeQualityScan, type QualityParts } from './compose-quality-scan.js';
import type { Feed } from './graphql/feeds.js';
import type { SubmitJob } from './job/submit-job.js';
import { uuidv7 } from './kernel/uuid.js';
import { knownLabels } from './model/known-labels.js';
import { labelNoiseStore } from './model/label-noise.store.js';
import { LabelQualityResolver, type LabelQualityDeps } from './model/label-quality.resolver.js';
import type { EdaDeps } from './quality/eda.js';
import { EdaResolver } from './quality/eda.resolver.js';
import { edaStore } from './quality/eda.store.js';
import { QualityRuleResolver } from './quality/quality-rule.resolver.js';
import { qualityFeeds, QualityResolver } from './quality/quality.resolver.js';
import { readQuality } from './quality/read-quality.js';
import type { qualityGate } from './quality/quality-gate.js';
import type { runQualityScan, scanTables } from './quality/scan-tables.js';
import { writeRules } from './quality/write-rules.js';

export interface QualityRoomParts extends QualityParts {
  submitJob: SubmitJob;
  features: Pick<EdaDeps, 'approvedFeatures' | 'sampleUsers' | 'readFeatures'>;
  models: Omit<LabelQualityDeps, 'labelNoise'>;
}

/** Scans, rules, the report with its labels, exploratory analysis. */
export function composeQualityRoom(parts: QualityRoomParts): {
  resolvers: object[];
  feeds: Record<string, Feed>;
  gate: ReturnType<typeof qualityGate>;
  scan: ReturnType<typeof scanTables>;
  /** The work of a QUALITY job. */
  work: ReturnType<typeof runQualityScan>;
  /** Boot step: the default rules, once in the life of an installation. */
  seedRules(): Promise<number>;
} {
  const { db, bus, clock, submitJob, features, models } = parts;
  const { store, scan, work, gate } = composeQualityScan(parts);
  const wall = (): Date => clock.wall();
  const writing = writeRules({ ...store, newId: () => uuidv7(wall()), wall });
  return {
    resolvers: [
      new QualityResolver({
        quality: readQuality({ ...store, scanTables: scan, wall }),
        submitJob,
      }),
      new QualityRuleResolver({ rules: store.rules, writing }),
      new LabelQualityResolver({ ...models, labelNoise: labelNoiseStore(db) }),
      new EdaResolver({ ...edaStore(db), ...features, labels: knownLabels(models) }),
    ],
    feeds: qualityFeeds({ subscribe: (topic) => bus.subscribe(topic), byIds: store.byIds }),
    gate,
    scan,
    work,
    seedRules: writing.seed,
  };
}
