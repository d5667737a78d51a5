import type { AuditEntry } from '../../access/audit.store.js';
import { kindOf } from '../definition.js';
import type { FeatureDefinition } from '../feature.js';
import type { FeatureColumn } from '../read-features.js';

/** A feature as a field of `FeatureSet`. */
export interface FeatureField {
  /** The version that the field answers; its name is the field's. */
  feature: FeatureDefinition;
  description: string;
  /** Null while the feature is approved. */
  deprecationReason: string | null;
}

const NO_REASON = 'Deprecated: not for new models.';

/**
 * The features that can be asked for by name, in order of names: of each the newest approved version, or the
 * newest deprecated one where none is approved. Drafts, reviews and what is archived have no field.
 */
export function featuresWithField(registry: readonly FeatureDefinition[]): FeatureDefinition[] {
  const standing = new Map<string, FeatureDefinition>();
  for (const feature of registry) {
    if (feature.status !== 'APPROVED' && feature.status !== 'DEPRECATED') continue;
    const before = standing.get(feature.name);
    if (!before || isBefore(before, feature)) standing.set(feature.name, feature);
  }
  return [...standing.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isBefore(a: FeatureDefinition, b: FeatureDefinition): boolean {
  return a.status === b.status ? a.version < b.version : b.status === 'APPROVED';
}

/** The fields of the features; `history` holds the audit entries of a deprecated one, newest first. */
export function featureFields(
  features: readonly FeatureDefinition[],
  history: (feature: FeatureDefinition) => readonly AuditEntry[],
): FeatureField[] {
  return features.map((feature) => ({
    feature,
    description: describe(feature),
    deprecationReason: feature.status === 'DEPRECATED' ? reasonIn(history(feature)) : null,
  }));
}

// lists of fields show the first paragraph only: the unit belongs there
function describe({ description, businessMeaning, type, unit }: FeatureDefinition): string {
  const first = `${description} (${unit === null ? type : `${type}, in ${unit}`})`;
  return businessMeaning === null ? first : `${first}\n\n${businessMeaning}`;
}

/** The comment given when it was deprecated last. */
function reasonIn(history: readonly AuditEntry[]): string {
  const entry = history.find(
    ({ action, detail }) => action === 'moved' && detail['to'] === 'DEPRECATED',
  );
  const comment = entry?.detail['comment'];
  return typeof comment === 'string' && comment.trim() !== '' ? comment : NO_REASON;
}

/** A cell of a feature table as its field answers it; null where it is missing. */
export function fieldValue(
  feature: FeatureDefinition,
  cell: FeatureColumn[number] | undefined,
): number | string | boolean | Date | null {
  if (cell === undefined || cell === null || Number.isNaN(cell)) return null;
  switch (kindOf(feature.definition)) {
    case 'number':
      return Number(cell);
    case 'text':
      return String(cell);
    case 'boolean':
      return cell === 1;
    case 'instant':
      return new Date(Number(cell));
  }
}
