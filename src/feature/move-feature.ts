import { userError, type UserError } from '../kernel/error.js';
import { allowedMoves, type FeatureDefinition, type FeatureStatus } from './feature.js';
import { featureSubject, type WriteAudit } from './register-feature.js';

export interface MoveFeatureDeps {
  registry: () => Promise<FeatureDefinition[]>;
  move: (
    id: string,
    from: FeatureStatus,
    to: FeatureStatus,
    at: Date,
  ) => Promise<FeatureDefinition | null>;
  audit: WriteAudit;
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
    const at = deps.wall();
    const moved = await deps.move(feature.id, feature.status, input.to, at);
    if (!moved)
      return refuse(
        userError('CONFLICT', `${input.name} was moved by someone else meanwhile`, 'to'),
      );
    await deps.audit({
      at,
      actor,
      action: 'moved',
      subject: featureSubject(feature),
      detail: { from: feature.status, to: input.to, comment: input.comment },
    });
    return { feature: moved, errors: [] };
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
