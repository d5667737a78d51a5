import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { decodeId } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../graphql/context.js';
import { decodeNumberCursor, encodeCursor, pageOf, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER } from '../graphql/page.type.js';
import { DateTime } from '../graphql/scalars.js';
import { FeatureOverrideInput } from '../feature/feature.type.js';
import type { Model } from '../model/model.js';
import type { Serving } from '../model/serving.js';
import { UserType } from '../user/user.type.js';
import { overridesOf } from './override-inputs.js';
import { answerOf } from './predict-users.js';
import type { PredictionLoaders } from './prediction-loaders.js';
import { predictionNode, type PredictionNode } from './prediction-node.js';
import { PredictionConnectionType, PredictionType } from './prediction.type.js';

export interface UserPredictionDeps {
  serving: Pick<Serving, 'current'>;
  loaders: PredictionLoaders;
  /** The models, read once a request. */
  models(context: RequestContext): Promise<Model[]>;
}

const MAX_STALENESS_SECONDS = 366 * 86_400;

/** The fields of a customer that point to the models' answers. */
@Resolver(() => UserType)
export class UserPredictionResolver {
  constructor(private readonly deps: UserPredictionDeps) {}

  @FieldResolver(() => PredictionType, {
    nullable: true,
    description:
      'The answer for this customer, scored on demand in one batch with every other customer of the request. While the model cannot answer, the last stored score does (CACHE), else rules (RULES), else null with an error.',
  })
  async prediction(
    @Root() user: UserType,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    model: string,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      description: 'Only events before it count; default now.',
    })
    asOf: Date | null,
    @Arg('maxStalenessSeconds', () => Int, {
      nullable: true,
      description:
        'A stored score up to this age will do, 0..31622400, unless the customer changed since. 0: always score. Default: score, unless a score of the same version, at most a day old, was stored for inputs that the version cannot tell from those of now: then that one, with its own inputs and instant, as CACHE.',
    })
    maxStalenessSeconds: number | null,
    @Arg('overrides', () => [FeatureOverrideInput], {
      nullable: true,
      description: 'Inputs to imagine, at most 100; the answer is WHAT_IF and not stored.',
    })
    overrides: FeatureOverrideInput[] | null,
    @Ctx() context: RequestContext,
  ): Promise<PredictionNode | null> {
    authorise(context, 'model:read');
    const served = this.deps.serving.current(model);
    if (!served) throw new AppError('NOT_FOUND', `no model named ${model} is in production`);
    checkBounds(maxStalenessSeconds ?? null, overrides ?? []);
    const answer = await this.deps.loaders.answer(context).load({
      userId: user.userId,
      externalId: user.externalId,
      served,
      asOf: asOf ?? liveAsOf(context),
      maxStalenessSeconds: maxStalenessSeconds ?? null,
      overrides: overridesOf(overrides ?? []),
    });
    return answer && predictionNode(answer, served.model, context.clock.wall());
  }

  @FieldResolver(() => PredictionConnectionType, {
    description: 'What was predicted before, newest first: the ledger.',
  })
  async predictions(
    @Root() user: UserType,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    name: string,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 20,
      description: 'Rows at most, 0..1000.',
    })
    wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<PredictionConnectionType> {
    authorise(context, 'model:read');
    const size = pageSize(wanted);
    const model = (await this.deps.models(context)).find((each) => each.name === name);
    if (!model) throw new AppError('NOT_FOUND', `no model is named ${name}`);
    const position = after ? decodeNumberCursor(after) : null;
    const key = { userId: user.userId, modelId: model.id, first: size, after: position };
    const rows = await this.deps.loaders.ledger(context).load(key);
    const wall = context.clock.wall();
    const nodes = rows.map((row) => predictionNode(answerOf(row), model, wall));
    return pageOf(nodes, size, (node) => encodeCursor([Number(decodeId('Prediction', node.id))]));
  }
}

function checkBounds(
  maxStalenessSeconds: number | null,
  overrides: readonly FeatureOverrideInput[],
): void {
  if (
    maxStalenessSeconds !== null &&
    (maxStalenessSeconds < 0 || maxStalenessSeconds > MAX_STALENESS_SECONDS)
  )
    throw new AppError(
      'INVALID',
      `maxStalenessSeconds must be 0..${MAX_STALENESS_SECONDS}, got ${maxStalenessSeconds}`,
    );
  if (overrides.length > 100)
    throw new AppError('INVALID', `overrides must be at most 100, got ${overrides.length}`);
}
