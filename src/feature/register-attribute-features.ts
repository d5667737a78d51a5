import { FEATURE_NAME } from './definition-expression.js';
import type { Definition } from './definition.js';
import type { FeatureDefinition, FeatureType } from './feature.js';
import type { RegisterFeatureInput, RegisterFeatureResult } from './register-feature.js';
import { isUnit, type Unit } from './unit.js';

/** An attribute as an import found it. */
export interface ObservedAttribute {
  name: string;
  type: 'numerical' | 'categorical' | 'boolean';
  /** As the source states it. */
  unit?: string | null;
  /** Distinct values and rows seen; texts that are all distinct are identifiers and become no feature. */
  distinct: number;
  rows: number;
}

export interface RegisterAttributeFeaturesDeps {
  registry: () => Promise<FeatureDefinition[]>;
  register: (
    input: RegisterFeatureInput,
    actor: string,
    status?: 'APPROVED' | 'DRAFT',
  ) => Promise<RegisterFeatureResult>;
}

export interface RegisterAttributeFeaturesResult {
  registered: string[];
  /** Those of them with a number after the name, because it was taken by something else. */
  numbered: { attribute: string; name: string }[];
  /** Features that compute the same attribute already. */
  kept: string[];
  /** Attributes that became no feature, and why. */
  skipped: { attribute: string; reason: string }[];
}

/** Under this, all-distinct texts prove nothing. */
const IDENTIFIER_ROWS = 20;
/** A text with more categories than this share of the rows is an identifier too. */
const IDENTIFIER_SHARE = 0.9;

/**
 * Registers imported attributes as features, in the actor's name. An attribute that a feature computes
 * already keeps that feature; identifiers stay attributes only. Names are the attribute in snake_case,
 * with a number after it where the name is taken by something else.
 */
export function registerAttributeFeatures(
  deps: RegisterAttributeFeaturesDeps,
): (
  attributes: readonly ObservedAttribute[],
  actor: string,
  status?: 'APPROVED' | 'DRAFT',
) => Promise<RegisterAttributeFeaturesResult> {
  return async (attributes, actor, status = 'APPROVED') => {
    const result: RegisterAttributeFeaturesResult = {
      ...{ registered: [], numbered: [], kept: [], skipped: [] },
    };
    const registry = await deps.registry();
    const taken = new Set(registry.map(({ name }) => name));
    for (const attribute of attributes) {
      const existing = featureOfAttribute(registry, attribute);
      if (existing) {
        result.kept.push(existing.name);
        continue;
      }
      if (isIdentifier(attribute)) {
        const reason = `looks like an identifier: ${attribute.distinct} distinct texts in ${attribute.rows} rows`;
        result.skipped.push({ attribute: attribute.name, reason });
        continue;
      }
      const wanted = snakeCase(attribute.name);
      const name = freeName(wanted, taken);
      const { feature, errors } = await deps.register(
        inputOf(attribute, name, actor),
        actor,
        status,
      );
      if (feature) {
        taken.add(name);
        result.registered.push(name);
        if (name !== wanted) result.numbered.push({ attribute: attribute.name, name });
      } else {
        const reason = errors.map(({ message }) => message).join('; ');
        result.skipped.push({ attribute: attribute.name, reason });
      }
    }
    return result;
  };
}

const TYPES: Record<
  ObservedAttribute['type'],
  { type: FeatureType; as: 'number' | 'text' | 'boolean' }
> = {
  numerical: { type: 'NUMERICAL', as: 'number' },
  categorical: { type: 'CATEGORICAL', as: 'text' },
  boolean: { type: 'BOOLEAN', as: 'boolean' },
};

function inputOf(attribute: ObservedAttribute, name: string, actor: string): RegisterFeatureInput {
  const { type, as } = TYPES[attribute.type];
  const definition: Definition = { kind: 'attribute', name: attribute.name, as };
  return {
    name,
    description: `Attribute ${attribute.name} as imported`,
    type,
    unit: unitOf(attribute),
    owner: actor,
    tags: ['attribute', 'imported'],
    definition,
  };
}

/** Sources state units in words of their own, or none: what the catalogue does not know is a bare number. */
function unitOf({ type, unit }: ObservedAttribute): Unit | null {
  if (unit !== null && unit !== undefined && isUnit(unit)) return unit;
  return type === 'numerical' ? 'number' : null;
}

function featureOfAttribute(
  registry: readonly FeatureDefinition[],
  attribute: ObservedAttribute,
): FeatureDefinition | undefined {
  const { as } = TYPES[attribute.type];
  return registry.find(
    ({ definition, status }) =>
      definition.kind === 'attribute' &&
      definition.name === attribute.name &&
      definition.as === as &&
      status !== 'ARCHIVED' &&
      status !== 'DEPRECATED',
  );
}

function isIdentifier({ type, distinct, rows }: ObservedAttribute): boolean {
  return type === 'categorical' && rows >= IDENTIFIER_ROWS && distinct >= rows * IDENTIFIER_SHARE;
}

/** `MonthlyCharges` -> `monthly_charges`, `% of VAT` -> `of_vat`; always a valid feature name. */
export function snakeCase(text: string): string {
  const name = text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 56);
  return FEATURE_NAME.test(name) ? name : `attribute_${name}`.replace(/_+$/, '');
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1)
    if (!taken.has(`${name}_${number}`)) return `${name}_${number}`;
}
