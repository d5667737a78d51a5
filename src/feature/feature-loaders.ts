import DataLoader from 'dataloader';
import type { AuditEntry } from '../access/audit.store.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { AppError } from '../kernel/error.js';
import { namedFeatures, type FeatureStore } from './feature.store.js';
import { kindOf } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import {
  booleanTexts,
  countCategories,
  summarise,
  type NumericSummary,
} from './feature-statistics.js';
import type { FeatureRows, ReadFeatures } from './read-features.js';

export interface FeatureStatistics {
  summary: NumericSummary | null;
  categories: { value: string | null; count: number }[];
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
  /** Distribution over a sample of customers, as of now. */
  statistics: (context: RequestContext) => DataLoader<FeatureDefinition, FeatureStatistics>;
}

export interface FeatureLoadersDeps {
  store: Pick<FeatureStore, 'all' | 'sampleUsers'>;
  /** The registry for questions about customers, see RecentRegistry. */
  recent: () => Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  auditBySubjects: (subjects: readonly string[]) => Promise<AuditEntry[][]>;
}

const SAMPLE = 10_000;
const MAX_CATEGORIES = 50;

/** The instant "now" of a request: one for all of its users. */
export const liveAsOf = perRequest((context) => context.clock.now());

/** Per-request look-ups of the feature room. */
export function featureLoaders({
  store,
  recent,
  readFeatures,
  auditBySubjects,
}: FeatureLoadersDeps): FeatureLoaders {
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

  const batches = perRequest(() => new Map<string, DataLoader<number, UserFeatures>>());
  const batchOf = (
    context: RequestContext,
    names: readonly string[] | null,
    asOf: Date,
  ): DataLoader<number, UserFeatures> => {
    const key = JSON.stringify([names, asOf.getTime()]);
    let batch = batches(context).get(key);
    if (!batch) {
      batch = new DataLoader(async (users: readonly number[]) => {
        const features = await chosen(context, names);
        const rows = await readFeatures({ features, users, asOf });
        const computedAt = context.clock.wall();
        return users.map((_, row) => ({ features, rows, row, asOf, computedAt }));
      });
      batches(context).set(key, batch);
    }
    return batch;
  };

  return {
    registry,
    ofUser: (context, { userId, names, asOf }) =>
      batchOf(context, names, asOf ?? liveAsOf(context)).load(userId),
    history: perRequest(
      () => new DataLoader((subjects: readonly string[]) => auditBySubjects(subjects)),
    ),
    statistics: perRequest(
      (context) =>
        new DataLoader(async (features: readonly FeatureDefinition[]) => {
          const users = await store.sampleUsers(SAMPLE);
          return statisticsOf(readFeatures, features, users, liveAsOf(context));
        }),
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

/** Two versions of a name cannot be read at once: each round takes one version of every name. */
async function statisticsOf(
  readFeatures: ReadFeatures,
  features: readonly FeatureDefinition[],
  users: readonly number[],
  asOf: Date,
): Promise<FeatureStatistics[]> {
  const answers = new Map<FeatureDefinition, FeatureStatistics>();
  let rest = [...features];
  while (rest.length > 0) {
    const round = rest.filter(
      (feature, i) => rest.findIndex(({ name }) => name === feature.name) === i,
    );
    const rows = await readFeatures({ features: round, users, asOf });
    for (const feature of round) answers.set(feature, statisticsOfColumn(feature, rows));
    rest = rest.filter((feature) => !round.includes(feature));
  }
  return features.map((feature) => answers.get(feature) ?? { summary: null, categories: [] });
}

function statisticsOfColumn(feature: FeatureDefinition, rows: FeatureRows): FeatureStatistics {
  const column = rows.columns.get(feature.name) ?? new Float64Array(0);
  switch (kindOf(feature.definition)) {
    case 'number':
      return {
        summary: column instanceof Float64Array ? summarise(column) : null,
        categories: [],
      };
    case 'boolean':
      return { summary: null, categories: countCategories(booleanTexts(column), MAX_CATEGORIES) };
    case 'text':
      return {
        summary: null,
        categories: column instanceof Float64Array ? [] : countCategories(column, MAX_CATEGORIES),
      };
    case 'instant':
      return { summary: null, categories: [] };
  }
}
