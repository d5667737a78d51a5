import { auditStore } from './access/audit.store.js';
import { addressGuard } from './alert/delivery/address-guard.js';
import type { Channel } from './alert/delivery/channel.js';
import { readChannelFile } from './alert/delivery/channel-file.js';
import { deliverAlerts } from './alert/delivery/deliver-alerts.js';
import { deliveryStore, type DeliveryStore } from './alert/delivery/delivery.store.js';
import { openChannels } from './alert/delivery/open-channels.js';
import { postJson } from './alert/delivery/post-json.js';
import { startDelivering } from './alert/delivery/start-delivering.js';
import type { Plant } from './compose-models.js';
import { loadEnvironment, type Config, type Environment } from './plant/env.js';
import { feedBusTopic } from './plant/feed-log.js';

type Settings = Pick<Config, 'channels' | 'webhookNetworks'>;

/** Channels as the file says, and what was sent over them; for server and worker. */
export interface AlertDelivery {
  channels: readonly Channel[];
  store: DeliveryStore;
}

/**
 * Opens the channels of the file.
 * @param environment where values `env:NAME` come from
 * @throws AppError CONFIGURATION when the file cannot be used
 */
export function composeDelivery(
  plant: Pick<Plant, 'db' | 'clock'>,
  config: Settings,
  environment: Environment = loadEnvironment(),
): AlertDelivery {
  const wall = (): Date => plant.clock.wall();
  const post = postJson({ guard: addressGuard(config.webhookNetworks), wall });
  const settings = config.channels === null ? [] : readChannelFile(config.channels, environment);
  return {
    channels: openChannels(settings, { post, wall }),
    store: deliveryStore(plant.db, auditStore),
  };
}

/** The part of a worker that sends alerts; close it before the database. */
export function startDelivery(
  plant: Pick<Plant, 'db' | 'bus' | 'clock' | 'log'>,
  { channels, store }: AlertDelivery,
  onAttempt?: (channel: string, outcome: 'DELIVERED' | 'RETRY' | 'FAILED') => void,
): { close(): Promise<void> } {
  const { bus, clock, log } = plant;
  return startDelivering({
    channels,
    deliver: deliverAlerts({
      claim: store.claim,
      settle: store.settle,
      release: store.release,
      clock,
      onAttempt: ({ name }, message, as) => {
        onAttempt?.(name, as.kind);
        if (as.kind === 'DELIVERED') return;
        const fields = { channel: name, message: message.id, attempts: message.attempts };
        const told = { ...fields, why: as.error };
        if (as.kind === 'FAILED') log.error(told, 'alerts were not delivered and are given up');
        else log.warn(told, 'alerts were not delivered; they are tried again');
      },
    }),
    sweep: (known) => store.sweep(known, clock.wall()),
    subscribe: () => bus.subscribe(feedBusTopic('alert')),
    onInterrupted: (error) => {
      log.warn({ err: error }, 'delivering alerts was interrupted; it goes on');
    },
  });
}
