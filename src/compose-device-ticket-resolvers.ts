import type { TellPersonalRead } from './access/personal-reads.js';
import type { composeDevicesTickets } from './compose-devices-tickets.js';
import { deviceLinkStore } from './device/device-link.store.js';
import { deviceLoaders } from './device/device-loaders.js';
import { DeviceResolver, UserDevicesResolver } from './device/device.resolver.js';
import { DeviceStatsResolver } from './event/device-stats.resolver.js';
import { deviceStatsStore } from './event/device-stats.store.js';
import { EventDeviceResolver } from './event/event-device.resolver.js';
import { DevicePositivesResolver } from './model/device-positives.resolver.js';
import { linkedPositivesStore } from './model/linked-positives.store.js';
import type { Database } from './plant/ports.js';
import { TicketResolver, UserTicketsResolver } from './ticket/ticket.resolver.js';
import { ticketsLoader } from './ticket/tickets-loader.js';
import type { UserLoaders } from './user/user-loaders.js';
import { USER_COLUMNS } from './user/user.store.js';

/** The fields of the graph that devices and tickets have, those of rooms to their right included. */
export function deviceTicketResolvers(
  db: Database,
  ways: ReturnType<typeof composeDevicesTickets>,
  users: UserLoaders,
  tellPersonalRead?: TellPersonalRead,
): object[] {
  const loaders = deviceLoaders(ways.devices, deviceLinkStore(db, USER_COLUMNS));
  return [
    new DeviceResolver({ loaders, upsertDevices: ways.upsertDevices }),
    new UserDevicesResolver({ loaders }),
    new EventDeviceResolver(loaders),
    new DeviceStatsResolver(deviceStatsStore(db)),
    new DevicePositivesResolver(linkedPositivesStore(db)),
    new TicketResolver({
      ticketsByIds: ways.tickets.byIds,
      recordTickets: ways.recordTickets,
      users,
      ...(tellPersonalRead ? { tellPersonalRead } : {}),
    }),
    new UserTicketsResolver({ tickets: ticketsLoader(ways.tickets) }),
  ];
}
