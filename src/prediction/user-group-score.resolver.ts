import { Arg, Ctx, FieldResolver, Float, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { loaderByArguments } from '../graphql/loader-by-arguments.js';
import { AppError } from '../kernel/error.js';
import type { Serving } from '../model/serving.js';
import { UserGroupType } from '../user/user-groups.type.js';

export interface UserGroupScoreDeps {
  serving: Pick<Serving, 'current'>;
  /** The newest stored score of each customer who has one. */
  newestScores(modelId: string, userIds: readonly number[]): Promise<Map<number, number>>;
}

/** Scores over groups of customers. */
@Resolver(() => UserGroupType)
export class UserGroupScoreResolver {
  private readonly means;

  constructor(private readonly deps: UserGroupScoreDeps) {
    this.means = loaderByArguments(
      (modelId: string) => modelId,
      async (groups: readonly UserGroupType[], modelId) => {
        const users = new Set(groups.flatMap(({ members }) => [...(members ?? [])]));
        const scores = await deps.newestScores(modelId, [...users]);
        return groups.map(({ members }) => meanOf(members ?? new Float64Array(0), scores));
      },
    );
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description:
      'Mean of the newest stored score of each customer in the group, 0..1; null where nobody has one. One statement for all groups.',
  })
  meanProbability(
    @Root() group: UserGroupType,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    model: string,
    @Ctx() context: RequestContext,
  ): Promise<number | null> {
    authorise(context, 'model:read');
    const served = this.deps.serving.current(model);
    if (!served)
      throw new AppError('NOT_FOUND', `no model named ${model.slice(0, 80)} is in production`);
    return this.means(context, served.model.id).load(group);
  }
}

function meanOf(members: Float64Array, scores: ReadonlyMap<number, number>): number | null {
  let sum = 0;
  let count = 0;
  for (const id of members) {
    const score = scores.get(id);
    if (score === undefined) continue;
    sum += score;
    count += 1;
  }
  return count > 0 ? sum / count : null;
}
