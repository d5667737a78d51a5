import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { UserType } from '../user/user.type.js';
import type { ExperimentLoaders } from './experiment-loaders.js';
import type { AssignmentNode, ExperimentNode, VariantNode } from './experiment-nodes.js';
import { AssignmentType, ExperimentType, VariantType } from './experiment.type.js';

/** The arms of a customer. */
@Resolver(() => UserType)
export class UserAssignmentsResolver {
  constructor(private readonly deps: { loaders: Pick<ExperimentLoaders, 'assignments'> }) {}

  @FieldResolver(() => [AssignmentType], {
    description:
      'The arms of this customer in every live experiment, and those recorded before, the newest first, at most 100 of them. Reading it is an exposure: who reads is expected to act on it. Empty for who does not agree to profiling.',
  })
  async assignments(
    @Root() { userId, externalId, consent }: UserType,
    @Arg('experiment', () => String, {
      nullable: true,
      description:
        'Key of an experiment: only its arm is told, and counts as exposed; default: all of them.',
    })
    experiment: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<AssignmentNode[]> {
    authorise(context, 'experiment:read');
    if (!consent.profiling) return [];
    return this.deps.loaders.assignments(context, experiment ?? null).load({ userId, externalId });
  }
}

/** What an assignment points to. */
@Resolver(() => AssignmentType)
export class AssignmentResolver {
  @FieldResolver(() => ExperimentType, { description: 'The experiment.' })
  experiment(@Root() { experiment }: AssignmentNode): ExperimentNode {
    return experiment;
  }

  @FieldResolver(() => VariantType, { description: 'The arm; it never changes.' })
  variant(@Root() { variant }: AssignmentNode): VariantNode {
    return variant;
  }
}
