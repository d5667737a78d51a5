import { z } from 'zod';
import type { AuditEntry } from '../access/audit.store.js';
import { AppError, userError, type UserError } from '../kernel/error.js';
import { FEATURE_NAME } from './definition-expression.js';
import { checkSize, pinReferences, type Definition, type QuantileBucket } from './definition.js';
import {
  checkType,
  linkFeatures,
  pickVersion,
  type FeatureDefinition,
  type FeatureStatus,
  type FeatureType,
  type NewFeature,
} from './feature.js';
import { issuesOf, metadataFields, text } from './feature-metadata.js';
import { fittedBucket, type FitQuantiles } from './fit-quantiles.js';
import { checkMagnitude } from './magnitude.js';
import { parseDefinition, type DefinitionIssue } from './parse-definition.js';
import { checkUnit } from './unit.js';

/** The subject of a feature version in the audit trail. */
export function featureSubject(feature: { name: string; version: number }): string {
  return `Feature:${feature.name}@${feature.version}`;
}

export interface RegisterFeatureDeps {
  registry: () => Promise<FeatureDefinition[]>;
  /** Adds a version and writes `told` to the audit trail, both or neither; false when it cannot be taken. */
  insert: (
    feature: NewFeature,
    version: number,
    status: FeatureStatus,
    at: Date,
    told: AuditEntry,
  ) => Promise<boolean>;
  wall: () => Date;
  /** Fits the bounds of a bucket written with `quantiles`; without it such a definition is refused. */
  fitQuantiles?: FitQuantiles;
}

export interface RegisterFeatureInput {
  name: string;
  description: string;
  businessMeaning?: string | null;
  type: FeatureType;
  unit?: string | null;
  owner: string;
  tags?: readonly string[] | null;
  definition: unknown;
}

export type RegisterFeatureResult =
  { feature: FeatureDefinition; errors: [] } | { feature: null; errors: UserError[] };

const fieldsSchema = z.object({
  name: z
    .string()
    .regex(FEATURE_NAME, 'must be a lower-case letter and then up to 62 of a-z 0-9 _'),
  unit: text(40).nullish(),
  ...metadataFields,
});

const ATTEMPTS = 5;

/**
 * Registers a feature, by default as a DRAFT. A name that exists gets its next version; earlier versions
 * stay as they are. References are pinned to versions, so what is computed never changes afterwards.
 * Every problem comes back as data, with the path of its field.
 */
export function registerFeature(
  deps: RegisterFeatureDeps,
): (
  input: RegisterFeatureInput,
  actor: string,
  status?: FeatureStatus,
) => Promise<RegisterFeatureResult> {
  return async (input, actor, status = 'DRAFT') => {
    const written = await writtenFeature(deps, input);
    if ('errors' in written) return { feature: null, errors: written.errors };
    for (let attempt = 1; ; attempt += 1) {
      const checked = resolveFeature(written, await deps.registry());
      if ('errors' in checked) return { feature: null, errors: checked.errors };
      const { feature, version } = checked;
      const at = deps.wall();
      const told = registered(feature.name, version, status, { at, actor });
      if (await deps.insert(feature, version, status, at, told)) {
        const stored = pickVersion(
          (await deps.registry()).filter(({ name }) => name === feature.name),
          version,
        );
        if (!stored) throw new AppError('INTERNAL', `feature ${feature.name} is gone`);
        return { feature: stored, errors: [] };
      }
      // someone else took this version between our look and our insert
      if (attempt === ATTEMPTS)
        return {
          feature: null,
          errors: [
            userError('CONFLICT', `feature ${feature.name} is being registered by others`, 'name'),
          ],
        };
    }
  };
}

/** What the audit trail is told of a registration. */
export function registered(
  name: string,
  version: number,
  status: FeatureStatus,
  by: Pick<AuditEntry, 'at' | 'actor'>,
): AuditEntry {
  const subject = featureSubject({ name, version });
  return { ...by, action: 'registered', subject, detail: { version, status } };
}

/** Fields and definition that are right in themselves; what they refer to is not looked at yet. */
interface WrittenFeature {
  fields: z.infer<typeof fieldsSchema> & { type: FeatureType };
  definition: Definition;
}

type Checked<T> = T | { errors: UserError[] };

async function writtenFeature(
  deps: Pick<RegisterFeatureDeps, 'registry' | 'fitQuantiles'>,
  input: RegisterFeatureInput,
): Promise<Checked<WrittenFeature>> {
  const parsed = parseDefinition(input.definition);
  const fields = checkFields(input);
  if ('errors' in fields || parsed.kind === 'issues') {
    const issues = parsed.kind === 'issues' ? parsed.issues : [];
    const errors = [...('errors' in fields ? fields.errors : []), ...issues.map(definitionError)];
    return { errors };
  }
  if (parsed.kind === 'definition') return { ...fields, definition: parsed.definition };
  const bucket = await fitBucket(deps, parsed.bucket);
  return 'errors' in bucket ? bucket : { ...fields, ...bucket };
}

async function fitBucket(
  deps: Pick<RegisterFeatureDeps, 'registry' | 'fitQuantiles'>,
  bucket: QuantileBucket,
): Promise<Checked<{ definition: Definition }>> {
  const refuse = (message: string, field: string): { errors: UserError[] } => ({
    errors: [userError('INVALID', message, 'definition', field)],
  });
  if (!deps.fitQuantiles)
    return refuse('quantiles cannot be fitted here: give bounds', 'quantiles');
  const { feature, version } = bucket.of;
  const registry = await deps.registry();
  const target = pickVersion(
    registry.filter(({ name }) => name === feature),
    version,
  );
  if (!target) return refuse(`${referenceText(feature, version)} is not registered`, 'of');
  const fit = await deps.fitQuantiles(target, bucket.quantiles);
  return 'problem' in fit
    ? refuse(fit.problem, 'quantiles')
    : { definition: fittedBucket(bucket, target, fit) };
}

/** Checks a feature, its bounds given, against the registry as it stands; pure. */
export function checkFeature(
  input: Omit<RegisterFeatureInput, 'definition'> & { definition: Definition },
  registry: readonly FeatureDefinition[],
): Checked<{ feature: NewFeature; version: number }> {
  const fields = checkFields(input);
  if ('errors' in fields) return fields;
  return resolveFeature({ ...fields, definition: input.definition }, registry);
}

function checkFields(input: RegisterFeatureInput): Checked<Pick<WrittenFeature, 'fields'>> {
  const fields = fieldsSchema.safeParse(input);
  if (!fields.success) return { errors: issuesOf(fields.error) };
  const wrongUnit = checkUnit(input.type, fields.data.unit ?? null);
  return wrongUnit
    ? { errors: [userError('INVALID', wrongUnit, 'unit')] }
    : { fields: { ...fields.data, type: input.type } };
}

function resolveFeature(
  { fields, definition }: WrittenFeature,
  registry: readonly FeatureDefinition[],
): Checked<{ feature: NewFeature; version: number }> {
  const versions = registry.filter(({ name }) => name === fields.name);
  const version = 1 + Math.max(0, ...versions.map((row) => row.version));
  const resolved = resolve(definition, fields.name, registry);
  if ('problem' in resolved)
    return { errors: [userError('INVALID', resolved.problem, 'definition')] };
  const wrongType = checkType(fields.type, resolved.definition);
  if (wrongType) return { errors: [userError('INVALID', wrongType, 'type')] };
  if (fields.unit && fields.type !== 'NUMERICAL') {
    const message = `unit is for numbers: a ${fields.type} feature has none, got ${fields.unit}`;
    return { errors: [userError('INVALID', message, 'unit')] };
  }
  return {
    version,
    feature: {
      name: fields.name,
      description: fields.description,
      businessMeaning: fields.businessMeaning ?? null,
      type: fields.type,
      unit: fields.unit ?? null,
      owner: fields.owner,
      tags: [...new Set(fields.tags ?? [])],
      definition: resolved.definition,
    },
  };
}

function resolve(
  definition: Definition,
  name: string,
  registry: readonly FeatureDefinition[],
): { definition: Definition } | { problem: string } {
  const tooLarge = checkSize(definition);
  if (tooLarge) return { problem: tooLarge };
  let pinned: Definition;
  try {
    pinned = pinReferences(definition, (reference, version) => {
      const versions = registry.filter((row) => row.name === reference);
      const target = pickVersion(versions, version);
      if (target?.status === 'ARCHIVED')
        throw new AppError('INVALID', `${reference}@${target.version} is archived`);
      if (target) return target.version;
      throw new AppError(
        'INVALID',
        reference === name
          ? `${name} refers to itself`
          : `${referenceText(reference, version)} is not registered`,
      );
    });
    const probe = { ...PROBE, name, definition: pinned, version: 1_000_000_000 };
    const linked = linkFeatures([...registry, probe]).at(-1);
    const problem = checkMagnitude(pinned, linked?.dependencies ?? []);
    if (problem) return { problem };
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID') return { problem: error.message };
    throw error;
  }
  return { definition: pinned };
}

const PROBE = {
  id: '',
  description: '',
  businessMeaning: null,
  type: 'NUMERICAL',
  unit: null,
  status: 'DRAFT',
  owner: '',
  tags: [],
  createdAt: new Date(0),
  updatedAt: new Date(0),
} as const;

function referenceText(name: string, version: number | undefined): string {
  return `${name}${version === undefined ? '' : `@${version}`}`;
}

function definitionError({ path, message }: DefinitionIssue): UserError {
  const parts = ['definition', ...path.map((part) => part.slice(0, 100))];
  return userError('INVALID', `${parts.join('.')}: ${message}`, ...parts);
}
