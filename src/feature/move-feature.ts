import { userError, type UserError } from '../kernel/error.js';
import {
  allowedMoves,
  type FeatureChange,
  type FeatureDefinition,
  type FeatureStatus,
  type RegistryState,
} from './feature.js';
import type { ChangeResult } from './feature.store.js';
import { featureSubject } from './register-feature.js';

export interface ChangeFeatureDeps {
  /** Decides and writes in one transaction that holds the lock of the registry. */
  move: (
    decide: (state: RegistryState) => Promise<FeatureChange | UserError>,
  ) => Promise<ChangeResult>;
  wall: () => Date;
}

export interface MoveFeatureInput {
  name: string;
  to: FeatureStatus;
  comment: string | null;
  /** Without: the newest version. */
  version?: number | null;
}

export type ChangeFeatureResult =
  { feature: FeatureDefinition; errors: [] } | { feature: null; errors: UserError[] };

/**
 * Moves a version along DRAFT, REVIEW, APPROVED, DEPRECATED, ARCHIVED; an illegal move names the legal ones.
 * A version in use is not archived, nor one approved whose formula builds on what is not: the error says which.
 */
export function moveFeature(
  deps: ChangeFeatureDeps,
): (input: MoveFeatureInput, actor: string) => Promise<ChangeFeatureResult> {
  return async (input, actor) =>
    resultOf(
      await deps.move(async ({ features, usersOf }) => {
        const feature = newestOf(features, input);
        if (!feature) return notRegistered(input);
        const users = input.to === 'ARCHIVED' ? await usersOf(feature) : [];
        const problem = moveProblem(feature, input.to, features, users);
        if (problem) return problem;
        return {
          feature,
          set: { status: input.to },
          told: {
            at: deps.wall(),
            actor,
            action: 'moved',
            subject: featureSubject(feature),
            detail: { from: feature.status, to: input.to, comment: input.comment },
          },
        };
      }),
    );
}

/**
 * Why a version may not move now, or null.
 * @param users who uses the version outside the registry, such as `churn@3`
 */
export function moveProblem(
  feature: FeatureDefinition,
  to: FeatureStatus,
  features: readonly FeatureDefinition[],
  users: readonly string[],
): UserError | null {
  const { status } = feature;
  const allowed = allowedMoves(status);
  if (!allowed.includes(to))
    return userError(
      'CONFLICT',
      `${feature.name} is ${status} and may move to ${allowed.join(' or ')}, not to ${to}`,
      'to',
    );
  const holders = to === 'ARCHIVED' ? [...users, ...dependentsOf(feature, features)] : [];
  if (holders.length > 0)
    return userError(
      'CONFLICT',
      `${keyOf(feature)} is used by ${listed(holders)} and cannot be archived`,
      'to',
    );
  const unready = feature.dependencies.filter((dependency) =>
    to === 'APPROVED' ? dependency.status !== 'APPROVED' : dependency.status === 'ARCHIVED',
  );
  if (to !== 'ARCHIVED' && to !== 'DEPRECATED' && unready.length > 0)
    return userError(
      'CONFLICT',
      `${keyOf(feature)} refers to ${listed(unready.map((each) => `${keyOf(each)}, which is ${each.status}`))}`,
      'to',
    );
  return null;
}

function dependentsOf({ id }: FeatureDefinition, features: readonly FeatureDefinition[]): string[] {
  return features
    .filter(
      ({ status, dependencies }) =>
        status !== 'ARCHIVED' && dependencies.some((dependency) => dependency.id === id),
    )
    .map((dependent) => `feature ${keyOf(dependent)}`);
}

const MOST_NAMED = 10;

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function keyOf({ name, version }: FeatureDefinition): string {
  return `${name}@${version}`;
}

/** The version asked for, by default the newest of all; null when it is not registered. */
export function newestOf(
  features: readonly FeatureDefinition[],
  { name, version }: { name: string; version?: number | null },
): FeatureDefinition | null {
  const versions = features.filter(
    (row) => row.name === name && ((version ?? null) === null || row.version === version),
  );
  return versions.sort((a, b) => b.version - a.version)[0] ?? null;
}

/** The error for a name, or a version of it, that is not there. */
export function notRegistered({
  name,
  version,
}: {
  name: string;
  version?: number | null;
}): UserError {
  const wanted = (version ?? null) === null ? name : `${name}@${version}`;
  return userError('NOT_FOUND', `no feature is registered as ${wanted}`, 'name');
}

/** What a change came to, as the graph answers it. */
export function resultOf(result: ChangeResult): ChangeFeatureResult {
  return result.error
    ? { feature: null, errors: [result.error] }
    : { feature: result.feature, errors: [] };
}
