import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { decodeNumericId } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { tooManyRows } from '../graphql/rows-of-call.js';
import type { OutcomeRow } from '../model/outcome.js';
import type { RecordOutcomes } from '../model/record-outcomes.js';
import { OutcomeInputType, OutcomeType, RecordOutcomesPayloadType } from './prediction.type.js';

const MAX_ROWS = 1_000;

/** What really happened, as callers tell it. */
@Resolver(() => OutcomeType)
export class OutcomeResolver {
  constructor(private readonly deps: { recordOutcomes: RecordOutcomes }) {}

  @Mutation(() => RecordOutcomesPayloadType, {
    description:
      'Records what really happened, at most 1,000 rows, each by itself. Repeating a call changes nothing; another answer for the same customer, model, instant and source corrects the first.',
  })
  async recordOutcomes(
    @Arg('outcomes', () => [OutcomeInputType], { description: 'The rows, at most 1,000.' })
    outcomes: OutcomeInputType[],
    @Ctx() context: RequestContext,
  ): Promise<RecordOutcomesPayloadType> {
    authorise(context, 'outcome:write');
    const userErrors = tooManyRows('outcomes', outcomes, MAX_ROWS);
    if (userErrors.length > 0) return { accepted: 0, rejected: [], userErrors };
    const { accepted, duplicates, rejected } = await this.deps.recordOutcomes(outcomes.map(toRow));
    return { accepted: accepted + duplicates, rejected, userErrors: [] };
  }
}

/** An id that is none of a prediction's becomes 0, which no prediction has. */
function toRow({ prediction, user, model, at, positive, source }: OutcomeInputType): OutcomeRow {
  const predictionId =
    prediction === null || prediction === undefined
      ? null
      : (decodeNumericId('Prediction', prediction) ?? 0);
  return {
    user: user ?? null,
    model: model ?? null,
    at,
    positive,
    source: source ?? 'api',
    predictionId,
  };
}
