import type { AuditEntry } from '../access/audit.store.js';
import { userError, type UserError } from '../kernel/error.js';
import { allowedMoves, type FeatureDefinition, type FeatureStatus } from './feature.js';
import { featureSubject } from './register-feature.js';

export interface MoveFeatureDeps {
  registry: () => Promise<FeatureDefinition[]>;
  /** Moves and writes `told` to the audit trail, both or neither. */
  move: (
    id: string,
    from: FeatureStatus,
    to: FeatureStatus,
    told: AuditEntry,
  ) => Promise<FeatureDefinition | null>;
  wall: () => Date;
}

export interface MoveFeatureInput {
  name: string;
  to: FeatureStatus;
  comment: string | null;
  /** Without: the newest version. */
  version?: number | null;
}

export type MoveFeatureResult =
  { feature: FeatureDefinition; errors: [] } | { feature: null; errors: UserError[] };

/** Moves a version along DRAFT, REVIEW, APPROVED, DEPRECATED, ARCHIVED; an illegal move names the legal ones. */
export function moveFeature(
  deps: MoveFeatureDeps,
): (input: MoveFeatureInput, actor: string) => Promise<MoveFeatureResult> {
  return async (input, actor) => {
    const feature = newest(await deps.registry(), input);
    if (!feature)
      return refuse(userError('NOT_FOUND', `no feature is registered as ${input.name}`, 'name'));
    const allowed = allowedMoves(feature.status);
    if (!allowed.includes(input.to))
      return refuse(
        userError(
          'CONFLICT',
          `${input.name} is ${feature.status} and may move to ${allowed.join(' or ')}, not to ${input.to}`,
          'to',
        ),
      );
    const moved = await deps.move(feature.id, feature.status, input.to, {
      at: deps.wall(),
      actor,
      action: 'moved',
      subject: featureSubject(feature),
      detail: { from: feature.status, to: input.to, comment: input.comment },
    });
    if (moved) return { feature: moved, errors: [] };
    return refuse(userError('CONFLICT', `${input.name} was moved by someone else meanwhile`, 'to'));
  };
}

function refuse(error: UserError): { feature: null; errors: UserError[] } {
  return { feature: null, errors: [error] };
}

function newest(
  registry: readonly FeatureDefinition[],
  { name, version }: MoveFeatureInput,
): FeatureDefinition | null {
  const versions = registry.filter(
    (row) => row.name === name && ((version ?? null) === null || row.version === version),
  );
  return versions.sort((a, b) => b.version - a.version)[0] ?? null;
}
