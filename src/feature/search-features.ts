import { AppError } from '../kernel/error.js';
import type { Definition } from './definition.js';
import {
  dataTypeOf,
  type FeatureDefinition,
  type FeatureStatus,
  type FeatureType,
} from './feature.js';
import { lineageOf, sourcesOf } from './lineage.js';

/** Bounds of an instant; all given must hold. */
export interface InstantRange {
  gt?: Date | null;
  gte?: Date | null;
  lt?: Date | null;
  lte?: Date | null;
}

/**
 * Conditions on features, all of which must hold; null and undefined are not given. Of a list one member
 * must hold (of `tags` each), and an empty list filters nothing.
 */
export interface FeatureSearch {
  /** `Feature:<name>@<version>`. */
  ids?: readonly string[] | null;
  names?: readonly string[] | null;
  /** Found in name, description or business meaning, in either case. */
  text?: string | null;
  versions?: readonly number[] | null;
  types?: readonly FeatureType[] | null;
  dataTypes?: readonly string[] | null;
  units?: readonly string[] | null;
  statuses?: readonly FeatureStatus[] | null;
  owners?: readonly string[] | null;
  tags?: readonly string[] | null;
  source?: string | null;
  /** table.column or a table. */
  lineage?: string | null;
  /** `name` or `name@version`, directly or through others. */
  dependsOn?: string | null;
  definitionKinds?: readonly Definition['kind'][] | null;
  definitionContains?: string | null;
  usedByModel?: string | null;
  hasStatistics?: boolean | null;
  createdAt?: InstantRange | null;
  updatedAt?: InstantRange | null;
}

/** What other tables know of features. */
export interface SearchFacts {
  /** `name@version` of what the model of the search takes. */
  usedByModel: (feature: FeatureDefinition) => boolean;
  hasStatistics: (feature: FeatureDefinition) => boolean;
}

const MAX_TEXT = 200;
const DATA_TYPES = ['float64', 'text', 'boolean', 'timestamp'];
const REFERENCE = /^[a-z][a-z0-9_]{0,62}(@[1-9]\d{0,8})?$/;

/** Refuses what could never match by its form. @throws AppError INVALID naming the part of the filter */
export function checkSearch(search: FeatureSearch): void {
  for (const part of ['text', 'definitionContains'] as const) {
    const length = search[part]?.length ?? 1;
    if (length < 1 || length > MAX_TEXT)
      throw new AppError(
        'INVALID',
        `filter.${part} must be 1..${MAX_TEXT} characters, got ${length}`,
      );
  }
  const strange = search.dataTypes?.find((name) => !DATA_TYPES.includes(name));
  if (strange !== undefined)
    throw new AppError(
      'INVALID',
      `filter.dataTypes must be of ${DATA_TYPES.join(', ')}, got ${strange.slice(0, 80)}`,
    );
  const { dependsOn } = search;
  if (typeof dependsOn === 'string' && !REFERENCE.test(dependsOn))
    throw new AppError(
      'INVALID',
      `filter.dependsOn must be a name or name@version, got ${dependsOn.slice(0, 80)}`,
    );
  const version = search.versions?.find((each) => each < 1);
  if (version !== undefined)
    throw new AppError('INVALID', `filter.versions must be 1 or more, got ${version}`);
}

/** Whether every condition of the search holds. */
export function matchesSearch(
  feature: FeatureDefinition,
  search: FeatureSearch,
  facts: SearchFacts,
): boolean {
  const { name, version } = feature;
  return (
    isIn(search.ids, `Feature:${name}@${version}`) &&
    isIn(search.names, name) &&
    isIn(search.versions, version) &&
    isIn(search.types, feature.type) &&
    isIn(search.dataTypes, dataTypeOf(feature)) &&
    isIn(search.units, feature.unit) &&
    isIn(search.statuses, feature.status) &&
    isIn(search.owners, feature.owner) &&
    isIn(search.definitionKinds, feature.definition.kind) &&
    (search.tags ?? []).every((tag) => feature.tags.includes(tag)) &&
    holds(search.text, (text) => textOf(feature).includes(text.toLowerCase())) &&
    holds(search.definitionContains, (text) => JSON.stringify(feature.definition).includes(text)) &&
    holds(search.source, (source) => sourcesOf(feature).includes(source)) &&
    holds(search.lineage, (wanted) =>
      lineageOf(feature).some((column) => column === wanted || column.startsWith(`${wanted}.`)),
    ) &&
    holds(search.dependsOn, (reference) => refersTo(feature, reference)) &&
    holds(search.createdAt, (range) => isWithin(feature.createdAt, range)) &&
    holds(search.updatedAt, (range) => isWithin(feature.updatedAt, range)) &&
    holds(search.usedByModel, () => facts.usedByModel(feature)) &&
    holds(search.hasStatistics, (wanted) => facts.hasStatistics(feature) === wanted)
  );
}

function isIn<T>(list: readonly NonNullable<T>[] | null | undefined, value: T): boolean {
  return !list || list.length === 0 || list.some((member) => member === value);
}

function holds<T>(wanted: T | null | undefined, condition: (wanted: T) => boolean): boolean {
  return wanted === null || wanted === undefined || condition(wanted);
}

function textOf({ name, description, businessMeaning }: FeatureDefinition): string {
  return [name, description, businessMeaning ?? ''].join('\n').toLowerCase();
}

function refersTo(feature: FeatureDefinition, reference: string): boolean {
  return feature.dependencies.some(
    (each) =>
      each.name === reference ||
      `${each.name}@${each.version}` === reference ||
      refersTo(each, reference),
  );
}

function isWithin(instant: Date, { gt, gte, lt, lte }: InstantRange): boolean {
  return (
    (!gt || instant > gt) &&
    (!gte || instant >= gte) &&
    (!lt || instant < lt) &&
    (!lte || instant <= lte)
  );
}
