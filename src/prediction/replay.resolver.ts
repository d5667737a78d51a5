import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { DAY_MS } from '../kernel/clock.js';
import { encodeId } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import type { PredictionNode } from './prediction-node.js';
import { PredictionType } from './prediction.type.js';
import { MAX_REPLAYED, type ReplayQuestion, type ReplayReport } from './replay-ledger.js';
import { REPLAY_TOLERANCE, type Replay, type ReplayedRow } from './replay.js';
import { ReplayReportType, ReplayType } from './replay.type.js';

export interface ReplayResolverDeps {
  /** `replayRows` with its deps. */
  replayRows(rows: readonly ReplayedRow[], signal: AbortSignal): Promise<Replay[]>;
  /** `replayLedger` with its deps. */
  replayLedger(question: ReplayQuestion, signal: AbortSignal): Promise<ReplayReport>;
}

/** The window of an audit that names none. */
const STANDARD_DAYS = 30;

/** Past answers, asked for again. */
@Resolver(() => PredictionType)
export class ReplayResolver {
  private readonly loader: (context: RequestContext) => DataLoader<ReplayedRow, Replay>;

  constructor(private readonly deps: ReplayResolverDeps) {
    this.loader = perRequest(
      ({ signal }) => new DataLoader<ReplayedRow, Replay>((rows) => deps.replayRows(rows, signal)),
    );
  }

  @FieldResolver(() => ReplayType, {
    nullable: true,
    description:
      'The same score once more, from its logged inputs and the artifact that answered; null where there is no score.',
  })
  async replay(
    @Root() { explainable, probability, source }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<ReplayType | null> {
    if (!explainable || probability === null) return null;
    const { modelVersionId, inputs } = explainable;
    return this.loader(context).load({ source, modelVersionId, probability, inputs });
  }

  @Query(() => ReplayReportType, {
    description:
      'Asks the newest rows of the ledger again, each from its logged inputs and the artifact that answered, and counts those that do not come out within 1e-6.',
  })
  async replayLedger(
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    model: string,
    @Arg('since', () => DateTime, {
      nullable: true,
      description: 'Scored at or after this; 30 days before `until` when left out.',
    })
    since: Date | null,
    @Arg('until', () => DateTime, {
      nullable: true,
      description: 'Scored before this; now when left out.',
    })
    until: Date | null,
    @Arg('first', () => Int, {
      defaultValue: MAX_REPLAYED,
      description: 'Rows at most, 1..10,000, the newest ones.',
    })
    first: number,
    @Ctx() context: RequestContext,
  ): Promise<ReplayReportType> {
    authorise(context, 'quality:read');
    const end = until ?? new Date(context.clock.wall().getTime() + 1);
    const start = since ?? new Date(end.getTime() - STANDARD_DAYS * DAY_MS);
    const { examples, ...report } = await this.deps.replayLedger(
      { model, since: start, until: end, first },
      context.signal,
    );
    return {
      ...report,
      tolerance: REPLAY_TOLERANCE,
      examples: examples.map(({ ledgerId, userId, stored, replay }) => ({
        prediction: encodeId('Prediction', ledgerId),
        user: encodeId('User', userId),
        stored,
        replay,
      })),
    };
  }
}
