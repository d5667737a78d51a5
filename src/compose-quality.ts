import { auditStore } from './access/audit.store.js';
import type { Feed } from './graphql/feeds.js';
import type { SubmitJob } from './job/submit-job.js';
import type { Clock } from './kernel/clock.js';
import { uuidv7 } from './kernel/uuid.js';
import { knownLabels } from './model/known-labels.js';
import { labelNoiseStore } from './model/label-noise.store.js';
import { LabelQualityResolver, type LabelQualityDeps } from './model/label-quality.resolver.js';
import type { Bus, Database, Log } from './plant/ports.js';
import type { EdaDeps } from './quality/eda.js';
import { EdaResolver } from './quality/eda.resolver.js';
import { edaStore } from './quality/eda.store.js';
import { QUALITY_TOPIC } from './quality/quality.messages.js';
import { qualityGate } from './quality/quality-gate.js';
import { QualityRuleResolver } from './quality/quality-rule.resolver.js';
import { qualityFeeds, QualityResolver } from './quality/quality.resolver.js';
import { qualityStore } from './quality/quality.store.js';
import { readQuality } from './quality/read-quality.js';
import { runQualityScan, scanTables } from './quality/scan-tables.js';
import { writeRules } from './quality/write-rules.js';

/** What looking at the tables needs; the worker has it too. */
export interface QualityParts {
  db: Database;
  bus: Pick<Bus, 'publish' | 'subscribe'>;
  clock: Clock;
  log: Pick<Log, 'debug'>;
}

/** The scan, for requests and for QUALITY jobs, and the gate that keeps models from a broken batch. */
export function composeQualityScan({ db, bus, clock, log }: QualityParts) {
  const store = qualityStore(db, auditStore);
  const scan = scanTables({
    ...store,
    publishScanned: (message) => {
      try {
        bus.publish(QUALITY_TOPIC, message);
      } catch (error) {
        log.debug({ err: error, topic: QUALITY_TOPIC }, 'not published'); // a closing bus must not fail the scan
      }
    },
    newId: () => uuidv7(clock.wall()),
    clock,
  });
  return { store, scan, work: runQualityScan(scan), gate: qualityGate(store) };
}

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
