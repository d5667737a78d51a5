import DataLoader from 'dataloader';
import { AlertChannelResolver } from './alert/delivery/channel.resolver.js';
import type { Delivery } from './alert/delivery/delivery.js';
import { testChannel } from './alert/delivery/test-channel.js';
import type { AlertDelivery } from './compose-delivery-work.js';
import type { Plant } from './compose-models.js';
import { perRequest, type RequestContext } from './graphql/context.js';

/** Channels in the graph, and who was told of an alert. */
export function composeDeliveryRoom(
  { clock }: Pick<Plant, 'clock'>,
  { channels, store }: AlertDelivery,
): {
  resolvers: object[];
  /** Deliveries of an alert by its uuid, batched by the request. */
  deliveriesOf(context: RequestContext, alertId: string): Promise<Delivery[]>;
  /** What rules may name. */
  channelNames: readonly string[];
} {
  const loader = perRequest(() => new DataLoader(store.deliveriesByAlerts));
  return {
    resolvers: [
      new AlertChannelResolver({
        channels,
        channelStates: store.channelStates,
        test: testChannel({ channels, recordTest: store.recordTest, clock }),
        clock,
      }),
    ],
    deliveriesOf: (context, alertId) => loader(context).load(alertId),
    channelNames: channels.map(({ name }) => name),
  };
}
