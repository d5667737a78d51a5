import { z } from 'zod';
import type { AuditStore } from '../access/audit.store.js';
import { AppError, userError, type UserError } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import {
  checkSize,
  definitionSchema,
  FEATURE_NAME,
  pinReferences,
  type Definition,
} from './definition.js';
import {
  checkType,
  linkFeatures,
  pickVersion,
  type FeatureDefinition,
  type FeatureStatus,
  type FeatureType,
  type NewFeature,
} from './feature.js';
import { checkMagnitude } from './magnitude.js';

/** The subject of a feature version in the audit trail. */
export function featureSubject(feature: { name: string; version: number }): string {
  return `Feature:${feature.name}@${feature.version}`;
}

export interface RegisterFeatureDeps {
  registry: () => Promise<FeatureDefinition[]>;
  insert: (
    feature: NewFeature,
    version: number,
    status: FeatureStatus,
    at: Date,
  ) => Promise<boolean>;
  audit: AuditStore['write'];
  wall: () => Date;
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

const text = (max: number): z.ZodString =>
  z.string().min(1, 'is missing').max(max).refine(isStorableText, 'cannot be stored');

const fieldsSchema = z.object({
  name: z
    .string()
    .regex(FEATURE_NAME, 'must be a lower-case letter and then up to 62 of a-z 0-9 _'),
  description: text(1000),
  businessMeaning: text(1000).nullish(),
  unit: text(40).nullish(),
  owner: text(200),
  tags: z.array(text(60)).max(20).nullish(),
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
    for (let attempt = 1; ; attempt += 1) {
      const registry = await deps.registry();
      const checked = checkFeature(input, registry);
      if ('errors' in checked) return { feature: null, errors: checked.errors };
      const { feature, version } = checked;
      const at = deps.wall();
      if (await deps.insert(feature, version, status, at)) {
        const detail = { version, status };
        await deps.audit({
          at,
          actor,
          action: 'registered',
          subject: featureSubject({ name: feature.name, version }),
          detail,
        });
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

/** Checks an input against the registry as it stands; pure. */
export function checkFeature(
  input: RegisterFeatureInput,
  registry: readonly FeatureDefinition[],
): { feature: NewFeature; version: number } | { errors: UserError[] } {
  const fields = fieldsSchema.safeParse(input);
  const definition = definitionSchema.safeParse(input.definition);
  const errors = [
    ...(fields.success ? [] : issuesOf(fields.error)),
    ...(definition.success ? [] : issuesOf(definition.error, 'definition')),
  ];
  if (!fields.success || !definition.success) return { errors };

  const versions = registry.filter(({ name }) => name === fields.data.name);
  const version = 1 + Math.max(0, ...versions.map((row) => row.version));
  const resolved = resolve(definition.data, fields.data.name, registry);
  if ('problem' in resolved)
    return { errors: [userError('INVALID', resolved.problem, 'definition')] };
  const wrongType = checkType(input.type, resolved.definition);
  if (wrongType) return { errors: [userError('INVALID', wrongType, 'type')] };
  return {
    version,
    feature: {
      name: fields.data.name,
      description: fields.data.description,
      businessMeaning: fields.data.businessMeaning ?? null,
      type: input.type,
      unit: fields.data.unit ?? null,
      owner: fields.data.owner,
      tags: [...new Set(fields.data.tags ?? [])],
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
      if (target) return target.version;
      throw new AppError(
        'INVALID',
        reference === name
          ? `${name} refers to itself`
          : `${reference}${version === undefined ? '' : `@${version}`} is not registered`,
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

function issuesOf(error: z.ZodError, ...prefix: string[]): UserError[] {
  return error.issues
    .slice(0, 20)
    .map((issue) =>
      userError(
        'INVALID',
        `${[...prefix, ...issue.path].join('.')}: ${issue.message}`,
        ...prefix,
        ...issue.path.map(String),
      ),
    );
}
