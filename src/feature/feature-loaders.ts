import DataLoader from 'dataloader';
import type { AuditEntry } from '../access/audit.store.js';
import { liveAsOf, perRequest, type RequestContext } from '../graphql/context.js';
import { loaderByArguments } from '../graphql/loader-by-arguments.js';
import { AppError } from '../kernel/error.js';
import { namedFeatures, type FeatureStore } from './feature.store.js';
import type { FeatureDefinition } from './feature.js';
import { distributionOf, type FeatureDistribution } from './feature-statistics.js';
import type { FeatureStatisticsStore } from './feature-statistics.store.js';
import { readableParts } from './profile-features.js';
import type { FeatureRows, ReadFeatures } from './read-features.js';

/** The newest known distribution of a feature. */
export interface FeatureStatistics extends FeatureDistribution {
  /** When a job computed it; null where this request looked at a sample. */
  computedAt: Date | null;
}

/** The features of one user inside a batch. */
export interface UserFeatures {
  features: readonly FeatureDefinition[];
  rows: FeatureRows;
  row: number;
  asOf: Date;
  computedAt: Date;
}

export interface FeatureLoaders {
  /** The registry, read once a request. */
  registry: (context: RequestContext) => Promise<FeatureDefinition[]>;
  /** Named features (all approved ones without names) of a user; one statement for all users of a tick. */
  ofUser: (
    context: RequestContext,
    request: { userId: number; names: readonly string[] | null; asOf: Date | null },
  ) => Promise<UserFeatures>;
  /** Audit entries of a subject, newest first. */
  history: (context: RequestContext) => DataLoader<string, AuditEntry[]>;
  /** The newest distribution that a job stored, else one over a sample of customers, as of now. */
  statistics: (context: RequestContext) => DataLoader<FeatureDefinition, FeatureStatistics>;
}

export interface FeatureLoadersDeps {
  store: Pick<FeatureStore, 'all' | 'sampleUsers'>;
  /** The registry for questions about customers, see RecentRegistry. */
  recent: () => Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  auditBySubjects: (subjects: readonly string[]) => Promise<AuditEntry[][]>;
  /** What PROFILE jobs stored; without it every distribution is looked up on a sample. */
  newestStatistics?: FeatureStatisticsStore['newest'];
}

const SAMPLE = 10_000;

/** Per-request look-ups of the feature room. */
export function featureLoaders(deps: FeatureLoadersDeps): FeatureLoaders {
  const { store, recent, readFeatures, auditBySubjects } = deps;
  const registry = perRequest(() => store.all());

  // a name that is new to this process may be a moment old: it is looked for once more before it is refused
  const chosen = async (
    context: RequestContext,
    names: readonly string[] | null,
  ): Promise<FeatureDefinition[]> => {
    try {
      return chosenFeatures(await recent(), names);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error;
      return chosenFeatures(await registry(context), names);
    }
  };

  const valuesOf = loaderByArguments(
    ({ names, asOf }: { names: readonly string[] | null; asOf: Date }) =>
      JSON.stringify([names, asOf.getTime()]),
    async (users: readonly number[], { names, asOf }, context): Promise<UserFeatures[]> => {
      const features = await chosen(context, names);
      const rows = await readFeatures({ features, users, asOf, people: 'consent' });
      const computedAt = context.clock.wall();
      return users.map((_, row) => ({ features, rows, row, asOf, computedAt }));
    },
  );

  return {
    registry,
    ofUser: (context, { userId, names, asOf }) =>
      valuesOf(context, { names, asOf: asOf ?? liveAsOf(context) }).load(userId),
    history: perRequest(
      () => new DataLoader((subjects: readonly string[]) => auditBySubjects(subjects)),
    ),
    statistics: perRequest(
      (context) =>
        new DataLoader((features: readonly FeatureDefinition[]) =>
          statisticsOf(deps, features, liveAsOf(context)),
        ),
    ),
  };
}

/** Names in the order asked; without names every approved feature, newest version, by name. */
function chosenFeatures(
  registry: readonly FeatureDefinition[],
  names: readonly string[] | null,
): FeatureDefinition[] {
  const approved = registry.filter(({ status }) => status === 'APPROVED').map(({ name }) => name);
  return namedFeatures(registry, [...new Set(names ?? approved)]);
}

/** What a job stored, and for the others a look at a sample now. */
async function statisticsOf(
  deps: FeatureLoadersDeps,
  features: readonly FeatureDefinition[],
  asOf: Date,
): Promise<FeatureStatistics[]> {
  const ids = features.map(({ id }) => id);
  const stored = (await deps.newestStatistics?.(ids, asOf)) ?? [];
  const answers = new Map<string, FeatureStatistics>(stored.map((day) => [day.featureId, day]));
  const open = features.filter(({ id }) => !answers.has(id));
  if (open.length > 0) {
    const users = await deps.store.sampleUsers(SAMPLE);
    for (const part of readableParts(open, open.length)) {
      const rows = await deps.readFeatures({ features: part, users, asOf });
      for (const feature of part)
        answers.set(feature.id, { ...distributionOf(feature, rows), computedAt: null });
    }
  }
  return features.map(({ id }) => answers.get(id) ?? UNKNOWN);
}

const UNKNOWN: FeatureStatistics = {
  ...{ rows: 0, missing: 0, summary: null },
  ...{ histogram: [], categories: [], outliers: [], computedAt: null },
};
