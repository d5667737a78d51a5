import type { RunningJob } from '../job/run-job.js';
import type { Clock } from '../kernel/clock.js';
import type { FeatureDefinition } from './feature.js';
import {
  profileJobInput,
  type FeaturesProfiled,
  type ProfileJobInput,
  type ProfileJobResult,
} from './feature.messages.js';
import { distributionOf } from './feature-statistics.js';
import type { FeatureDay } from './feature-statistics.store.js';
import type { ReadFeatures } from './read-features.js';

export interface ProfileFeaturesDeps {
  registry: () => Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  /** Ids of at most `limit` customers who agreed to profiling, an even sample. */
  sampleUsers: (limit: number) => Promise<number[]>;
  writeStatistics: (rows: readonly FeatureDay[]) => Promise<void>;
  /** Told after the rows are there. */
  publishProfiled: (message: FeaturesProfiled) => void;
  /** Registers the features whose bounds are fitted on the customers, where they are missing; answers how many. */
  seedFitted?: () => Promise<number>;
  clock: Clock;
}

/** More customers than this are sampled. */
export const MAX_PROFILED = 200_000;
/** Features of one statement: a column of everyone is 1.6 MB of numbers, or as many texts. */
const FEATURES_AT_ONCE = 30;

/**
 * The work of a PROFILE job: the distribution of every feature in use (in review, approved or deprecated) over
 * the customers who agreed to profiling, as of the job's instant; one row a feature for that day.
 */
export async function profileFeatures(
  deps: ProfileFeaturesDeps,
  job: RunningJob,
): Promise<ProfileJobResult> {
  const startMs = deps.clock.monotonicMs();
  const asOf = new Date(profileJobInput.parse(job.input).asOf);
  const fitted = (await deps.seedFitted?.()) ?? 0;
  const features = (await deps.registry()).filter(
    ({ status }) => status !== 'ARCHIVED' && status !== 'DRAFT',
  );
  const users = await deps.sampleUsers(MAX_PROFILED);
  let done = 0;
  for (const part of readableParts(features, FEATURES_AT_ONCE)) {
    job.signal.throwIfAborted();
    const rows = await deps.readFeatures({ features: part, users, asOf });
    const computedAt = deps.clock.wall();
    await deps.writeStatistics(
      part.map((feature) => ({
        featureId: feature.id,
        day: asOf.toISOString().slice(0, 10),
        asOf,
        computedAt,
        ...distributionOf(feature, rows),
      })),
    );
    deps.publishProfiled({ ids: part.map(({ id }) => id) });
    done += part.length;
    job.report(done / features.length, `looked at ${done} of ${features.length} features`);
  }
  const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
  return { featureCount: done, customers: users.length, fitted, seconds };
}

/** The input of a PROFILE job. */
export function planProfileRun(asOf: Date): ProfileJobInput {
  return { asOf: asOf.toISOString() };
}

/** Parts of at most `most` features that can be read at once: two versions of a name cannot. */
export function readableParts(
  features: readonly FeatureDefinition[],
  most: number,
): FeatureDefinition[][] {
  const parts: FeatureDefinition[][] = [];
  for (const feature of features) {
    const part = parts.find(
      (each) => each.length < most && each.every(({ name }) => name !== feature.name),
    );
    if (part) part.push(feature);
    else parts.push([feature]);
  }
  return parts;
}
