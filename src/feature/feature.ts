import type { AuditEntry } from '../access/audit.store.js';
import { AppError } from '../kernel/error.js';
import { kindOf, referencesOf, type Definition, type ValueKind } from './definition.js';

export type FeatureType = 'NUMERICAL' | 'CATEGORICAL' | 'TEXT' | 'DATETIME' | 'BOOLEAN';
export type FeatureStatus = 'DRAFT' | 'REVIEW' | 'APPROVED' | 'DEPRECATED' | 'ARCHIVED';

/** A row of the registry as stored. */
export interface StoredFeature {
  id: string;
  name: string;
  version: number;
  description: string;
  businessMeaning: string | null;
  type: FeatureType;
  unit: string | null;
  status: FeatureStatus;
  owner: string;
  tags: readonly string[];
  definition: Definition;
  createdAt: Date;
  updatedAt: Date;
}

/** A registered feature with the features its expression refers to: all that is needed to compile it. */
export interface FeatureDefinition extends StoredFeature {
  dependencies: readonly FeatureDefinition[];
}

/** What a caller gives to register a feature. */
export interface NewFeature {
  name: string;
  description: string;
  businessMeaning: string | null;
  type: FeatureType;
  unit: string | null;
  owner: string;
  tags: readonly string[];
  definition: Definition;
}

/** What may be edited of a version: nothing that changes what it computes. */
export type FeatureMetadata = Pick<
  StoredFeature,
  'description' | 'businessMeaning' | 'owner' | 'tags'
>;

/** What a change of the registry is decided on; nobody else changes it meanwhile. */
export interface RegistryState {
  features: readonly FeatureDefinition[];
  /** Who uses a version outside the registry now, such as `churn@3`. */
  usersOf: (feature: FeatureDefinition) => Promise<string[]>;
}

/** A change of one version, and what the audit trail is told of it. */
export interface FeatureChange {
  feature: FeatureDefinition;
  set: Partial<FeatureMetadata & Pick<StoredFeature, 'status'>>;
  told: AuditEntry;
}

/** Which status may follow which: only what is approved may enter a production model. */
const TRANSITIONS: Record<FeatureStatus, readonly FeatureStatus[]> = {
  DRAFT: ['REVIEW', 'ARCHIVED'],
  REVIEW: ['APPROVED', 'DRAFT', 'ARCHIVED'],
  APPROVED: ['DEPRECATED'],
  DEPRECATED: ['APPROVED', 'ARCHIVED'],
  ARCHIVED: ['DRAFT'],
};

/** The statuses that may follow. */
export function allowedMoves(from: FeatureStatus): readonly FeatureStatus[] {
  return TRANSITIONS[from];
}

/** The feature types that a kind of value fits. */
const TYPES_OF_KIND: Record<ValueKind, readonly FeatureType[]> = {
  number: ['NUMERICAL'],
  text: ['CATEGORICAL', 'TEXT'],
  boolean: ['BOOLEAN'],
  instant: ['DATETIME'],
};

/** Why a definition cannot be of the type, or null. */
export function checkType(type: FeatureType, definition: Definition): string | null {
  const allowed = TYPES_OF_KIND[kindOf(definition)];
  return allowed.includes(type)
    ? null
    : `type must be ${allowed.join(' or ')} for this definition, got ${type}`;
}

/** `float64`, `text`, `boolean` or `timestamp`: how a value of the feature is held. */
export function dataTypeOf(feature: StoredFeature): string {
  const names: Record<ValueKind, string> = {
    number: 'float64',
    text: 'text',
    boolean: 'boolean',
    instant: 'timestamp',
  };
  return names[kindOf(feature.definition)];
}

const MAX_CHAIN = 5;

/**
 * Links rows to their dependencies. A reference without a version means the newest approved one, or the
 * newest of all.
 * @throws AppError INVALID for an unknown reference, a cycle, or a chain of more than 5
 */
export function linkFeatures(rows: readonly StoredFeature[]): FeatureDefinition[] {
  const linked = new Map<StoredFeature, FeatureDefinition>();
  const byName = new Map<string, StoredFeature[]>();
  for (const row of rows) byName.set(row.name, [...(byName.get(row.name) ?? []), row]);

  const link = (row: StoredFeature, path: readonly string[]): FeatureDefinition => {
    const done = linked.get(row);
    if (done) return done;
    const key = `${row.name}@${row.version}`;
    if (path.includes(key))
      throw new AppError(
        'INVALID',
        `features refer to each other in a circle: ${[...path, key].join(' -> ')}`,
      );
    const dependencies = referencesOf(row.definition).map(({ name, version }) => {
      const target = pickVersion(byName.get(name) ?? [], version);
      if (!target)
        throw new AppError('INVALID', `${key} refers to ${name}, which is not registered`);
      return link(target, [...path, key]);
    });
    const unusable = dependencies.find(({ definition }) => !isNumeric(definition));
    if (unusable)
      throw new AppError('INVALID', `${key} refers to ${unusable.name}, which is not a number`);
    const feature = { ...row, dependencies };
    if (chainLength(feature) > MAX_CHAIN)
      throw new AppError('INVALID', `features may build on each other ${MAX_CHAIN} deep: ${key}`);
    linked.set(row, feature);
    return feature;
  };
  return rows.map((row) => link(row, []));
}

function isNumeric(definition: Definition): boolean {
  return ['number', 'boolean'].includes(kindOf(definition));
}

function chainLength(feature: FeatureDefinition): number {
  return 1 + Math.max(0, ...feature.dependencies.map(chainLength));
}

/** The version asked for, or the newest approved, or the newest. */
export function pickVersion<T extends StoredFeature>(
  versions: readonly T[],
  version?: number,
): T | null {
  if (version !== undefined) return versions.find((row) => row.version === version) ?? null;
  const newestFirst = [...versions].sort((a, b) => b.version - a.version);
  return newestFirst.find((row) => row.status === 'APPROVED') ?? newestFirst[0] ?? null;
}
