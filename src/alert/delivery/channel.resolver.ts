import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import type { Clock } from '../../kernel/clock.js';
import { gateOf, type ChannelState } from './breaker.js';
import type { Channel } from './channel.js';
import { AlertChannelType, TestAlertChannelPayloadType } from './delivery.type.js';
import type { testChannel } from './test-channel.js';

export interface AlertChannelResolverDeps {
  channels: readonly Channel[];
  channelStates(): Promise<ChannelState[]>;
  test: ReturnType<typeof testChannel>;
  clock: Pick<Clock, 'wall'>;
}

/** Channels: how they do, and trying one. */
@Resolver(() => AlertChannelType)
export class AlertChannelResolver {
  constructor(private readonly deps: AlertChannelResolverDeps) {}

  @Query(() => [AlertChannelType], {
    description: 'Every channel that is configured, in the order of the file; at most 50.',
  })
  async alertChannels(@Ctx() context: RequestContext): Promise<AlertChannelType[]> {
    authorise(context, 'alert:read');
    const states = new Map(
      (await this.deps.channelStates()).map((state) => [state.channel, state]),
    );
    const now = this.deps.clock.wall();
    return this.deps.channels.map(({ name, kind, target }) => {
      const state = states.get(name) ?? { failures: 0, openUntil: null, lastError: null };
      const { failures, lastError } = state;
      const openUntil = gateOf(state, now) === 'OPEN' ? state.openUntil : null;
      return { name, kind, target, healthy: failures === 0, failures, lastError, openUntil };
    });
  }

  @Mutation(() => TestAlertChannelPayloadType, {
    description:
      'Sends a test over a channel now; one that gets there also ends the rest of a channel that had failed.',
  })
  async testAlertChannel(
    @Arg('name', () => String, { description: 'Name of the channel.' }) name: string,
    @Ctx() context: RequestContext,
  ): Promise<TestAlertChannelPayloadType> {
    authorise(context, 'alert:write');
    return this.deps.test(name, context.viewer.name, context.signal);
  }
}
